"""What the house rules say of files, tasks, settings and migrations."""

import ast
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from config.celery import app
from config.env import TABLE
from config.settings.limits import LIMITS_BY_DEFAULT
from feeds import subscriptions as feeds_subscriptions
from puppies.subscriptions import subscribed_tasks

ROOT = Path(settings.BASE_DIR)
APPS = ("puppies", "accounts", "posts", "interactions", "feeds", "config")
FORBIDDEN = {"utils.py", "helpers.py", "common.py", "signals.py", "utils", "helpers", "common"}
MOST_LINES = 300
READERS = {"text", "secret", "flag", "integer", "words", "database", "networks"}

app.loader.import_default_modules()


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def our_tasks() -> set[str]:
    return {name for name in app.tasks if name.partition(".")[0] in APPS}


def variables_read() -> Iterator[str]:
    """The names given to the typed readers anywhere in the settings."""
    for path in modules("config/settings"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in READERS
            ):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and getattr(node.func.value, "id", "") == "env":
                    yield str(first.value)


def test_no_module_is_longer_than_three_hundred_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules(*APPS, "tests")
    }

    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    found = [path for path in modules(*APPS, "tests") if FORBIDDEN & set(path.relative_to(ROOT).parts)]

    assert found == []


def test_every_task_of_ours_has_a_route_and_every_route_a_task() -> None:
    assert our_tasks() == set(settings.CELERY_TASK_ROUTES)


def test_every_route_leads_to_a_queue_that_exists() -> None:
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}

    assert routed == {queue.name for queue in settings.CELERY_TASK_QUEUES} == set(settings.QUEUES)


def test_every_subscription_starts_a_task_that_exists() -> None:
    assert feeds_subscriptions.__name__ == "feeds.subscriptions"
    assert {name for name in subscribed_tasks() if not name.startswith("tests.")} == {
        "accounts.purge_account",
        "accounts.send_email_token",
        "config.count_comment",
        "config.count_follow",
        "config.count_signup",
        "feeds.fan_out_post",
        "feeds.merge_follow",
        "feeds.purge_post",
        "feeds.purge_unfollowed",
        "feeds.rebuild_feed",
        "interactions.notify_comment",
        "interactions.notify_followed",
        "interactions.notify_mentioned",
        "interactions.send_digest",
    }
    assert {name for name in subscribed_tasks() if not name.startswith("tests.")} <= our_tasks()


def test_every_periodic_message_names_a_task_and_expires() -> None:
    entries: list[Any] = list(settings.CELERY_BEAT_SCHEDULE.values())

    assert {entry["task"] for entry in entries} <= our_tasks()
    for entry in entries:
        # A message that nobody took in time is dropped before many more of its kind gather.
        assert 0 < entry["options"]["expires"] <= max(entry["schedule"].total_seconds(), 60)


def test_every_variable_of_the_settings_is_in_the_table_with_its_meaning() -> None:
    limits = {f"LIMITS_{limit.name.upper().replace('-', '_')}" for limit in LIMITS_BY_DEFAULT}

    assert set(variables_read()) | limits == set(TABLE)
    assert [
        name for name, row in TABLE.items() if len(row.meaning) < 10 or not row.meaning.endswith(".")
    ] == []


def test_settings_read_the_environment_only_by_the_typed_readers() -> None:
    found = [path.name for path in modules("config/settings") if "os.environ" in path.read_text()]

    assert found == []


@pytest.mark.django_db
def test_the_migrations_are_complete() -> None:
    call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())
