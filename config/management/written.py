"""Commands that write a page of docs/ from what the code says, or check that it is up to date."""

import difflib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser


class WrittenPage(BaseCommand, ABC):
    """Writes `page()` to docs/`file_name`, or with --check refuses one that says something else."""

    file_name: ClassVar[str]
    requires_system_checks: list[str] = []

    @abstractmethod
    def page(self) -> str:
        """The page as it should be."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="exit 1 with the difference when it is stale"
        )
        parser.add_argument(
            "--file",
            type=Path,
            default=settings.BASE_DIR / "docs" / self.file_name,
            help=f"instead of docs/{self.file_name}",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        text = self.page()
        if options["check"]:
            refuse_stale(file, text, command=type(self).__module__.rpartition(".")[2])
        else:
            file.write_text(text, encoding="utf-8")
            self.stdout.write(f"Wrote {file.name}.")


def refuse_stale(file: Path, text: str, *, command: str) -> None:
    """Raise CommandError with the difference when the file does not hold the text."""
    found = file.read_text(encoding="utf-8") if file.exists() else ""
    difference = difflib.unified_diff(
        found.splitlines(),
        text.splitlines(),
        f"{file.name} as it is",
        "as the settings say",
        lineterm="",
        n=0,
    )
    if found != text:
        raise CommandError(
            "\n".join([*difference, f"{file.name} is stale: type .venv/bin/python manage.py {command}"])
        )
