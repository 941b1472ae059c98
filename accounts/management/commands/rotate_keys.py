import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import keys


class Command(BaseCommand):
    help = (
        "Make a new key that signs access tokens. Older keys verify until the last token that they signed has expired, then they are "
        "removed. Running processes notice within seconds."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--announce",
            type=int,
            default=0,
            metavar="SECONDS",
            help="publish the key now and sign with it only later, so that gateways that cache the JWKS know it by then (0)",
        )
        how.add_argument(
            "--compromised",
            action="store_true",
            help="remove all older keys at once: every access token is refused",
        )
        how.add_argument("--if-missing", action="store_true", help="do nothing when there is a key")
        parser.add_argument(
            "--dry-run", action="store_true", help="tell which keys there are, change nothing"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["announce"] < 0:
            raise CommandError("--announce takes seconds from 0.")
        path = Path(settings.JWT_KEYS_DIR)
        made, removed = (None, []) if options["dry_run"] else change(path, **options)
        report = {"made": made, "removed": removed, "keys": keys.key_names(path)}
        self.stdout.write(json.dumps(report) if options["json"] else sentence(report))


def change(
    path: Path, *, announce: int, compromised: bool, if_missing: bool, **_: Any
) -> tuple[str | None, list[str]]:
    """Change the ring as the options say; the key made, if any, and the keys removed."""
    try:
        if if_missing:
            return keys.create_first_key(path), []
        if compromised:
            return keys.replace_all(path)
        return keys.rotate(path, announce=timedelta(seconds=announce))
    except (OSError, ValueError) as error:
        raise CommandError(f"The keys in {path} were not changed as asked: {error}") from error


def sentence(report: dict[str, Any]) -> str:
    """The report for people."""
    made = f"Made {report['made']}." if report["made"] else "Made no key."
    removed = f" Removed {', '.join(report['removed'])}." if report["removed"] else ""
    return f"{made}{removed} Keys: {', '.join(report['keys']) or 'none'}."
