import json
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.env import TABLE, DatabaseAddress, Variable


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable named BONE, no running stack, and a table of its own."""
    monkeypatch.delenv("BONE", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(env, "TABLE", dict(TABLE))


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("1", True),
        ("TRUE", True),
        ("on", True),
        ("Yes", True),
        ("0", False),
        ("", False),
        ("off", False),
        ("no", False),
    ],
)
def test_flags(monkeypatch: pytest.MonkeyPatch, raw: str, value: bool) -> None:
    monkeypatch.setenv("BONE", raw)

    assert env.flag("BONE", not value, "A bone.") is value


def test_values_of_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONE", " a, b ,,c ")
    assert env.words("BONE", [], "Bones.") == ["a", "b", "c"]

    monkeypatch.setenv("BONE", "42")
    assert env.integer("BONE", 7, "A bone.", least=1, most=100) == 42

    monkeypatch.setenv("BONE", "postgresql://re%40x:p%3Aw@db.example/kennel")
    assert env.database("BONE", "postgres://a:b@c/d", "A kennel.") == DatabaseAddress(
        name="kennel", user="re@x", password="p:w", host="db.example", port=5432
    )


def test_defaults_when_nothing_is_set() -> None:
    assert env.text("BONE", "old", "A bone.") == "old"
    assert env.integer("BONE", 7, "A bone.") == 7
    assert env.words("BONE", ["a"], "Bones.") == ["a"]
    assert env.flag("BONE", True, "A bone.") is True


@pytest.mark.parametrize("raw", ["", "seven", "0", "101", "1.5", "9" * 30])
def test_a_number_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    monkeypatch.setenv("BONE", raw)

    with pytest.raises(ImproperlyConfigured, match=r"^BONE must be a whole number from 1 to 100: "):
        env.integer("BONE", 7, "A bone.", least=1, most=100)


@pytest.mark.parametrize("raw", ["banana", "9" * 5_000])
def test_a_number_is_refused_in_plain_words(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    monkeypatch.setenv("BONE", raw)

    with pytest.raises(ImproperlyConfigured) as refusal:
        env.integer("BONE", 7, "A bone.")

    assert str(refusal.value) == f"BONE must be a whole number from 0: got {raw!r}."


def test_a_flag_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONE", "perhaps")

    with pytest.raises(ImproperlyConfigured, match=r"^BONE must be true or false: got 'perhaps'\.$"):
        env.flag("BONE", True, "A bone.")


def test_a_choice_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONE", "steel")

    with pytest.raises(ImproperlyConfigured, match=r"^BONE must be old or new: got 'steel'\.$"):
        env.text("BONE", "old", "A bone.", choices=("old", "new"))


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "mysql://a:secret@b/c",
        "postgres://a:secret@/c",
        "postgres://a:secret@b",
        "postgres://a:secret/7@b/c",
        "secret",
    ],
)
def test_a_database_that_does_not_fit_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, raw: str
) -> None:
    monkeypatch.setenv("BONE", raw)

    with pytest.raises(ImproperlyConfigured, match=r"^BONE must be postgres://") as caught:
        env.database("BONE", "postgres://a:b@c/d", "A kennel.")

    assert "secret" not in str(caught.value)


def test_a_required_variable_names_itself() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^Set BONE \(or BONE_FILE\): The best bone\.$"):
        env.secret("BONE", None, "The best bone.")


def test_a_value_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bone").write_text("from a file\n")
    monkeypatch.setenv("BONE_FILE", str(tmp_path / "bone"))

    assert env.secret("BONE", "old", "A bone.") == "from a file"


def test_the_variable_itself_goes_before_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONE_FILE", "/does/not/exist")
    monkeypatch.setenv("BONE", "set")

    assert env.text("BONE", "old", "A bone.") == "set"


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONE_FILE", "/does/not/exist")

    with pytest.raises(ImproperlyConfigured, match=r"^BONE_FILE names /does/not/exist, which cannot be read"):
        env.text("BONE", "old", "A bone.")


def test_a_running_stack_tells_its_addresses(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text(json.dumps({"environment": {"BONE": "running"}}))

    assert env.text("BONE", "old", "A bone.") == "running"


@pytest.mark.parametrize("recorded", ["", "{", "[]", "7", "{}"])
def test_a_broken_record_of_the_stack_is_none(tmp_path: Path, recorded: str) -> None:
    (tmp_path / "stack.json").write_text(recorded)

    assert env.text("BONE", "old", "A bone.") == "old"


def test_the_table_remembers_what_was_asked_but_no_secret() -> None:
    env.integer("BONE", 7, "A bone.", least=1)
    assert env.TABLE["BONE"] == Variable("BONE", "a whole number from 1", "7", "A bone.")

    env.secret("BONE", "hidden", "A bone.")
    assert env.TABLE["BONE"] == Variable("BONE", "secret", "for development only", "A bone.")

    env.words("BONE", [], "Bones.")
    assert env.TABLE["BONE"] == Variable("BONE", "words separated by commas", "empty", "Bones.")
