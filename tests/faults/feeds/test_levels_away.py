"""The home feed cannot be read, and of the places where rankings lie some are gone too."""

import time

import pytest

from feeds.models import PopularSnapshot
from feeds.popular import snapshots
from puppies.redis_client import client as redis
from tests.faults.feeds.conftest import Reader, fallbacks, is_fallback, told_since
from tests.locks import locked

LOCKED = "feeds_feedentry"


@pytest.mark.parametrize("level", ["memory", "redis", "rows"])
def test_one_level_is_enough(reader: Reader, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshots.newest()
    if level != "memory":
        monkeypatch.setattr(snapshots, "memory", snapshots.Memory())
    if level != "redis":
        redis().flushdb()
    tables = [LOCKED] if level == "rows" else [LOCKED, PopularSnapshot._meta.db_table]
    before = fallbacks()

    with locked(*tables):
        found = is_fallback(reader.get(), reader)

    assert found
    assert told_since(before) == {"timeout": 1}


def test_a_snapshot_that_is_no_longer_fresh_is_better_than_none(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots.newest()
    redis().flushdb()
    monkeypatch.setattr(snapshots, "FRESH_SECONDS", 0.0)

    with locked(LOCKED, PopularSnapshot._meta.db_table):
        found = is_fallback(reader.get(), reader)

    assert found


def test_without_any_level_there_is_no_answer_and_that_soon(reader: Reader) -> None:
    redis().flushdb()
    begin = time.monotonic()

    with locked(LOCKED, PopularSnapshot._meta.db_table):
        answer = reader.get()

    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert time.monotonic() - begin < 2
