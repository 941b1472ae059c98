from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django_migration_linter import MigrationLinter

OUR_APPS = ("accounts", "posts", "interactions", "feeds", "puppies", "config")


class Command(BaseCommand):
    help = "Refuse migrations that would break the code that still runs while they are applied."

    def handle(self, *args: Any, **options: Any) -> None:
        linter = MigrationLinter(include_apps=OUR_APPS, ignore_initial_migrations=True, no_cache=True)
        linter.lint_all_migrations()
        if linter.has_errors:
            raise CommandError(
                f"{linter.nb_erroneous} migrations are not backward compatible: expand first, contract in a later release."
            )
