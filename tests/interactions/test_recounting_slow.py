"""A recount that the server ends: it has time of its own, goes on in halves, and passes over what cannot be counted."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from interactions import recounting
from interactions.models import RecountRound
from interactions.recounting import ALL_DRIFT, PATIENTLY, UNCOUNTED, drifts_of, halving, repair, sweep
from posts.models import Post
from puppies.sql import execute
from tests.factories import PostFactory
from tests.interactions.damaging import damage

pytestmark = pytest.mark.django_db(transaction=True)

# Each takes too long: the whole statement, any that counts for one subject.
SLOW = "SELECT 'post.likes', 1, 1 FROM pg_sleep(1.5) WHERE cardinality(%(ids)s::bigint[]) < 0"
SLOW_FOR = (
    "SELECT * FROM ({drift}) AS drift WHERE NOT (SELECT {post} = ANY (%(ids)s) AND pg_sleep(30) IS NULL)"
)


@pytest.fixture
def briefly() -> Iterator[None]:
    """A connection on which transactions may take half a second."""
    execute("SET transaction_timeout = '500ms'", {})
    yield
    connection.close()


def slow_for(post: Post, monkeypatch: pytest.MonkeyPatch, *, timeout: str) -> None:
    """Let every statement that counts for this post be ended by the server."""
    statement = SLOW_FOR.format(drift=ALL_DRIFT, post=post.id)
    monkeypatch.setattr(recounting, "ALL_DRIFT", statement)
    monkeypatch.setattr(recounting, "PATIENTLY", PATIENTLY + timeout)


def test_a_recount_may_take_longer_than_other_transactions(
    briefly: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    PostFactory.create()
    monkeypatch.setattr(recounting, "ALL_DRIFT", SLOW)

    assert sweep() == 0
    assert RecountRound.objects.get().rounds == 1


@pytest.mark.parametrize(
    "timeout",
    [
        "; SET LOCAL statement_timeout = '50ms'",
        "; SET LOCAL transaction_timeout = 0; SET LOCAL transaction_timeout = '50ms'",
    ],
)
def test_a_subject_that_cannot_be_counted_is_logged_told_and_passed_over(
    timeout: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    anonymous_client: APIClient,
) -> None:
    posts = PostFactory.create_batch(4)
    for post in posts:
        damage("post.likes", post)
    slow_for(posts[1], monkeypatch, timeout=timeout)

    with caplog.at_level(logging.ERROR):
        assert sweep() == 3

    place = RecountRound.objects.get()
    assert (place.rounds, place.last_found) == (1, {"post.likes": 3, UNCOUNTED: 1})
    assert f"recount_failed subject={posts[1].id}" in caplog.messages
    assert "puppies_counter_uncounted 1.0" in anonymous_client.get("/metrics").content.decode()


def test_the_command_repairs_the_others_and_names_what_it_could_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    posts = PostFactory.create_batch(3)
    for post in posts:
        damage("post.likes", post)
    slow_for(posts[1], monkeypatch, timeout="; SET LOCAL statement_timeout = '50ms'")
    out = StringIO()

    with pytest.raises(CommandError, match="Not as promised"):
        call_command("reconcile_counters", "--json", "--repair", stdout=out, stderr=StringIO())

    report: dict[str, Any] = json.loads(out.getvalue())
    assert f"{posts[1].id} could not be recounted" in report["findings"]
    assert (report["uncounted"], report["wrong"] == report["repaired"] > 0) == (1, True)
    stored = {post.id: post.like_count for post in Post.objects.all()}
    assert [stored[post.id] for post in posts] == [0, 5, 0]


def test_a_repair_that_fails_goes_on_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    posts = PostFactory.create_batch(3)
    drifts = [damage("post.likes", post) for post in posts]
    stuck = f"(SELECT {posts[0].id} = ANY (%(ids)s) AND pg_sleep(30) IS NULL)"
    monkeypatch.setattr(recounting, "REPAIR", recounting.REPAIR.replace("WHERE", f"WHERE NOT {stuck} AND"))
    monkeypatch.setattr(recounting, "PATIENTLY", PATIENTLY + "; SET LOCAL statement_timeout = '50ms'")

    assert repair(drifts) == drifts[1:]
    assert [drift.subject_id for drift in drifts_of([post.id for post in posts])] == [posts[0].id]


def test_a_server_that_is_away_says_nothing_of_any_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fails(ids: list[int]) -> list[recounting.Drift]:
        asked.append(ids)
        connection.close()
        monkeypatch.setitem(connection.settings_dict, "PORT", "1")
        raise OperationalError

    with pytest.raises(OperationalError):
        halving(fails, [1, 2, 3])

    assert asked == [[1, 2, 3]]
