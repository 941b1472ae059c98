import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.env import TABLE, Variable

# What the table says in words stands plain; values stand as code.
WORDS = {"required", "empty", "for development only", "the embedded server"}
HEAD = """\
# Settings

Every setting that differs between installations is an environment variable. Instead of `NAME`, `NAME_FILE` may name a file
that holds the value (a mounted secret). A value that does not fit stops the process with a message that says what would.
Production refuses the defaults of development: there `SECRET_KEY`, `ALLOWED_HOSTS` and `JWT_KEYS_DIR` have none.

This table is written by `.venv/bin/python manage.py settings_table`.

| variable | meaning | kind | default |
|---|---|---|---|
"""


class Command(BaseCommand):
    help = "Write docs/settings.md, the table of all environment variables; --check only says whether it is up to date."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="exit 1 with the difference when it is stale"
        )
        parser.add_argument(
            "--file",
            type=Path,
            default=settings.BASE_DIR / "docs" / "settings.md",
            help="instead of docs/settings.md",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        text = settings_page(TABLE.values())
        if options["check"]:
            refuse_stale(file, text)
        else:
            file.write_text(text, encoding="utf-8")
            self.stdout.write(f"Wrote {file.name}: {len(TABLE)} variables.")


def settings_page(variables: Iterable[Variable]) -> str:
    """The page as Markdown, one row a variable, sorted by name."""
    ordered = sorted(variables, key=lambda variable: variable.name)
    return HEAD + "".join(f"{row(variable)}\n" for variable in ordered)


def row(variable: Variable) -> str:
    """One row of the table; a bar inside a cell is escaped, for it would end the cell."""
    default = variable.default if variable.default in WORDS else f"`{variable.default}`"
    cells = (f"`{variable.name}`", variable.meaning, variable.kind, default)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def refuse_stale(file: Path, text: str, *, command: str = "settings_table") -> None:
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
