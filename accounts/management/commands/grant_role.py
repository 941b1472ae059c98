import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.policy import Role
from accounts.roles import OPERATOR, grant_role
from accounts.selectors import account_named


class Command(BaseCommand):
    help = "Make somebody a user, moderator or admin. Their sessions end; the change is in the audit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("role", choices=[role.value for role in Role])
        parser.add_argument("--dry-run", action="store_true", help="tell what would be done, change nothing")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        user = account_named(options["username"])
        if user is None:
            raise CommandError(f"There is no account {options['username']}. Usernames are in lower case.")
        role = Role(options["role"])
        is_changed = not options["dry_run"] and grant_role(actor_id=OPERATOR, user_id=user.id, role=role)
        if options["json"]:
            self.stdout.write(
                json.dumps({"username": user.username, "role": role.value, "changed": is_changed})
            )
        elif options["dry_run"]:
            self.stdout.write(f"{user.username} would be {role.value}")
        else:
            self.stdout.write(f"{user.username} {'is now' if is_changed else 'was already'} {role.value}")
