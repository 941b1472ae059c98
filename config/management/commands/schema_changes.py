from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.compatibility import Broken, broken_promises

DOCS = settings.BASE_DIR / "docs"


class Command(BaseCommand):
    help = (
        "Refuse what would break clients of /v1: docs/openapi.yaml against docs/openapi-v1.yaml, which is what has been promised. "
        "--promise, with each release, makes what was added a promise too."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--promise", action="store_true", help="promise all that docs/openapi.yaml says")
        parser.add_argument("--old", type=Path, default=DOCS / "openapi-v1.yaml")
        parser.add_argument("--new", type=Path, default=DOCS / "openapi.yaml")

    def handle(self, *args: Any, **options: Any) -> None:
        old, new = options["old"], options["new"]
        refuse_broken(broken_promises(yaml.safe_load(old.read_text()), yaml.safe_load(new.read_text())))
        if options["promise"]:
            old.write_text(new.read_text())
            self.stdout.write(f"{old.name} promises what {new.name} says.")
        else:
            self.stdout.write(f"{new.name} keeps every promise of {old.name}.")


def refuse_broken(broken: list[Broken]) -> None:
    """Raise CommandError with one line a broken promise, if there are any."""
    if broken:
        lines = "\n".join(f"  {row}" for row in broken)
        raise CommandError(
            f"Clients of /v1 would break; what is not only added is a new version:\n{lines}", returncode=1
        )
