from collections.abc import Iterable

from config.env import TABLE, Variable
from config.management.written import WrittenPage

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


class Command(WrittenPage):
    help = "Write docs/settings.md, the table of all environment variables; --check only says whether it is up to date."
    file_name = "settings.md"

    def page(self) -> str:
        return settings_page(TABLE.values())


def settings_page(variables: Iterable[Variable]) -> str:
    """The page as Markdown, one row a variable, sorted by name."""
    ordered = sorted(variables, key=lambda variable: variable.name)
    return HEAD + "".join(f"{row(variable)}\n" for variable in ordered)


def row(variable: Variable) -> str:
    """One row of the table; a bar inside a cell is escaped, for it would end the cell."""
    default = variable.default if variable.default in WORDS else f"`{variable.default}`"
    cells = (f"`{variable.name}`", variable.meaning, variable.kind, default)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
