"""`manage.py reconcile_counters`."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from tests.interactions.damaging import damage, loved


def run(*arguments: str) -> dict[str, Any]:
    """The command's report; it must be content."""
    out = StringIO()
    call_command("reconcile_counters", "--json", *arguments, stdout=out, stderr=StringIO())
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def run_refused(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    with pytest.raises(CommandError, match="Not as promised"):
        call_command("reconcile_counters", "--json", *arguments, stdout=out, stderr=StringIO())
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


@pytest.mark.django_db
def test_the_command_is_content_with_what_is_right() -> None:
    post = loved()

    assert run() == {
        "examined": 5,
        "wrong": 0,
        "repaired": 0,
        "uncounted": 0,
        "last": max(post.id, *User.objects.values_list("id", flat=True)),
        "dry_run": False,
        "findings": [],
    }


@pytest.mark.django_db
def test_the_command_names_what_is_wrong_and_only_repairs_when_told() -> None:
    post = loved()
    damage("post.likes", post)
    words = f"post.likes of {post.id} is wrong by +5"

    assert run_refused()["findings"] == [words]
    assert run_refused("--repair", "--dry-run")["findings"] == [words]
    repaired = run_refused("--repair")

    assert (repaired["findings"], repaired["repaired"]) == ([f"{words}, repaired"], 1)
    assert run()["wrong"] == 0


@pytest.mark.django_db
def test_the_command_goes_on_where_it_is_told() -> None:
    post = loved()
    damage("post.likes", post)

    assert run(f"--after={post.id}")["examined"] == 3
