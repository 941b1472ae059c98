"""docs/settings.md is what the code says, and says so when it is not."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from config.env import TABLE, Variable
from config.management.commands.settings_table import row


def test_the_checked_in_page_is_up_to_date() -> None:
    call_command("settings_table", "--check")


def test_a_written_page_has_every_variable_once_and_in_order(tmp_path: Path) -> None:
    file = tmp_path / "settings.md"

    call_command("settings_table", "--file", str(file), stdout=StringIO())

    names = [line.split("`")[1] for line in file.read_text().splitlines() if line.startswith("| `")]
    assert names == sorted(TABLE)


def test_a_stale_page_is_refused_with_the_difference(tmp_path: Path) -> None:
    file = tmp_path / "settings.md"
    call_command("settings_table", "--file", str(file), stdout=StringIO())
    text = file.read_text()
    stale = text.replace("| `PORT` | Port of the API.", "| `PORT` | Something else.")
    file.write_text(stale)

    with pytest.raises(CommandError) as refusal:
        call_command("settings_table", "--check", "--file", str(file))

    assert stale != text
    assert "-| `PORT` | Something else." in str(refusal.value)
    assert "+| `PORT` | Port of the API." in str(refusal.value)
    assert str(refusal.value).endswith("type .venv/bin/python manage.py settings_table")
    assert file.read_text() == stale


def test_a_page_that_is_not_there_is_stale(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"settings\.md is stale"):
        call_command("settings_table", "--check", "--file", str(tmp_path / "settings.md"))


@pytest.mark.parametrize(
    ("default", "shown"),
    [("8000", "`8000`"), ("required", "required"), ("empty", "empty"), ("a|b", "`a\\|b`")],
)
def test_a_row_shows_values_as_code_and_words_as_words(default: str, shown: str) -> None:
    variable = Variable(name="NAME", kind="text", default=default, meaning="What it is.")

    assert row(variable) == f"| `NAME` | What it is. | text | {shown} |"


def test_no_secret_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "settings.md"

    call_command("settings_table", "--file", str(file), stdout=StringIO())

    secrets = [line for line in file.read_text().splitlines() if "| secret |" in line]
    assert len(secrets) >= 4
    assert {line.rsplit("|", 2)[1].strip() for line in secrets} <= {
        "for development only",
        "empty",
        "required",
    }
