"""The home feed cannot be read: popular posts come instead, soon, and the feed comes back by itself."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from prometheus_client import REGISTRY

from accounts.blocking import block_user, mute_user
from accounts.models import User
from config.stack.ports import free_port
from feeds.api import fallback
from feeds.popular import snapshots
from posts.models import Post
from puppies.breaker import OPEN_SECONDS, Breaker
from tests.clock import Clock
from tests.faults.feeds.conftest import Reader, attempts, fallbacks, is_fallback, told_since
from tests.faults.feeds.servers import SilentServer
from tests.locks import locked
from tests.puppies.test_periodic import end_connection

LOCKED = "feeds_feedentry"


@contextmanager
def missing(table: str) -> Iterator[None]:
    """The table has another name for a while: every statement that names it fails at once."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table}_away RENAME TO {table}")


@contextmanager
def unreachable(port_instead: int) -> Iterator[None]:
    """PostgreSQL does not listen where it is expected."""
    port = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = port_instead
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["PORT"] = port


def test_a_locked_feed_is_answered_with_popular_posts_and_asked_three_times(reader: Reader) -> None:
    before = fallbacks()

    with locked(LOCKED), attempts() as sent:
        answers = [*reader.get_by_each(), *reader.get_by_each(), reader.get()]

    assert [is_fallback(answer, reader) for answer in answers] == [True] * 7
    assert len(sent) == 3
    assert told_since(before) == {"timeout": 3, "open": 4}


def test_a_locked_feed_is_bridged_also_for_a_reader_who_is_alone(reader: Reader) -> None:
    with locked(LOCKED):
        answers = [reader.get() for _ in range(5)]

    assert [is_fallback(answer, reader) for answer in answers] == [True] * 5
    assert not fallback.breaker.is_open
    assert reader.get().json()["source"] == "home"


def test_the_answer_comes_within_300_ms(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = []
    with locked(LOCKED):
        for _ in range(3):
            monkeypatch.setattr(fallback, "breaker", Breaker("home_feed"))
            monkeypatch.setattr(snapshots, "memory", snapshots.Memory())
            begin = time.monotonic()
            assert is_fallback(reader.get(), reader)
            rounds.append(time.monotonic() - begin)

    # The best of three: what else the machine does is not the product's doing.
    assert min(rounds) < 0.3


def test_an_open_breaker_tries_once_a_period_and_closes_with_the_first_success(
    reader: Reader, clock: Clock
) -> None:
    with locked(LOCKED):
        reader.get_by_each()
        with attempts() as while_locked:
            for _ in range(2):
                clock.now += OPEN_SECONDS
                assert [is_fallback(reader.get(), reader) for _ in range(3)] == [True] * 3
    with attempts() as before_the_period_ends:
        assert is_fallback(reader.get(), reader)
    clock.now += OPEN_SECONDS

    sources = [reader.get().json()["source"] for _ in range(3)]

    assert (len(while_locked), before_the_period_ends) == (2, [])
    assert sources == ["home"] * 3


def test_by_the_clock_on_the_wall_it_is_back_soon(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "breaker", Breaker("home_feed"))
    with locked(LOCKED):
        reader.get_by_each()
    assert fallback.breaker.is_open
    begin = time.monotonic()

    while reader.get().json()["source"] != "home":
        assert time.monotonic() - begin < 10

    assert not fallback.breaker.is_open


def test_a_statement_that_fails_is_no_different(reader: Reader) -> None:
    before = fallbacks()

    with missing(LOCKED), attempts() as sent:
        answers = [reader.get() for _ in range(4)]

    assert [is_fallback(answer, reader) for answer in answers] == [True] * 4
    assert told_since(before) == {"database": 3, "open": 1}
    assert len(sent) == 3


def test_failures_among_successes_do_not_open_it(reader: Reader) -> None:
    for _ in range(4):
        with missing(LOCKED):
            assert is_fallback(reader.get(), reader)
            assert is_fallback(reader.get(), reader)
        assert reader.get().json()["source"] == "home"


def test_a_connection_that_was_cut_is_replaced(reader: Reader) -> None:
    end_connection()

    assert is_fallback(reader.get(), reader)
    assert reader.get().json()["source"] == "home"


def test_without_postgresql_there_is_no_answer_and_that_soon(reader: Reader, clock: Clock) -> None:
    with unreachable(free_port()):
        begin = time.monotonic()
        answers = [reader.get() for _ in range(5)]
        seconds = time.monotonic() - begin

    assert [answer.status_code for answer in answers] == [503] * 5
    assert {(answer["Retry-After"], answer.json()["code"]) for answer in answers} == {("2", "unavailable")}
    assert seconds < 2
    clock.now += OPEN_SECONDS
    assert reader.get().json()["source"] == "home"


def test_a_server_that_cannot_be_reached_is_tried_once_a_request(reader: Reader) -> None:
    server = SilentServer(hangs_up=True)
    try:
        with unreachable(server.port):
            counts = []
            for _ in range(2):
                before = len(server.taken)
                assert reader.get().status_code == 503
                counts.append(len(server.taken) - before)
                # The second request does not ask for the home feed.
                open_breaker()
    finally:
        server.close()

    assert counts[0] == counts[1] > 0


def test_where_the_posts_themselves_cannot_be_read_there_is_no_answer_and_that_soon(reader: Reader) -> None:
    open_breaker()
    begin = time.monotonic()

    with locked("posts_post"):
        answer = reader.get()

    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert time.monotonic() - begin < 2


def test_what_the_reader_may_not_see_is_left_out(reader: Reader) -> None:
    first, second = reader.authors
    block_user(blocker_id=first.id, blocked_id=reader.user.id)

    with locked(LOCKED):
        blocked = reader.get().json()["results"]
    mute_user(muter_id=reader.user.id, muted_id=second.id)
    with locked(LOCKED):
        muted = reader.get().json()["results"]

    assert [int(post["id"]) for post in blocked] == reader.popular[1:]
    assert muted == []


def test_what_is_deleted_is_left_out(reader: Reader) -> None:
    Post.objects.filter(id=reader.popular[0]).update(state=Post.State.DELETED)

    with locked(LOCKED):
        found = [int(post["id"]) for post in reader.get().json()["results"]]

    assert found == reader.popular[1:]


@pytest.mark.parametrize("is_open", [False, True])
def test_a_session_that_has_ended_is_refused_as_ever(reader: Reader, is_open: bool) -> None:
    if is_open:
        open_breaker()
    User.objects.filter(id=reader.user.id).update(state=User.State.SUSPENDED)

    with locked(LOCKED):
        found = [reader.get().status_code for _ in range(2)]

    assert found == [401, 401]


def open_breaker() -> None:
    while not fallback.breaker.is_open:
        fallback.breaker.failed(OSError("away"))


@pytest.mark.parametrize("query", ["cursor=x", "cursor=", "limit=0", "limit=1000"])
def test_a_bad_request_is_refused_as_ever_and_is_no_failure(reader: Reader, query: str) -> None:
    found = [reader.get(f"/v1/feed?{query}").status_code for _ in range(5)]
    assert not fallback.breaker.is_open
    open_breaker()
    found.append(reader.get(f"/v1/feed?{query}").status_code)

    assert found == [400] * 6


@pytest.mark.parametrize("query", ["cursor=x", "limit=0"])
def test_a_bad_request_is_not_the_one_that_tries(reader: Reader, clock: Clock, query: str) -> None:
    with locked(LOCKED):
        open_breaker()
        clock.now += OPEN_SECONDS
        for _ in range(3):
            assert reader.get(f"/v1/feed?{query}").status_code == 400
        with attempts() as sent:
            answers = [reader.get() for _ in range(2)]

    assert [is_fallback(answer, reader) for answer in answers] == [True, True]
    assert len(sent) == 1
    assert fallback.breaker.is_open


def test_scrolling_goes_on_in_what_is_popular(reader: Reader) -> None:
    open_breaker()
    first = reader.get("/v1/feed?limit=1").json()

    second = reader.get(first["next"]).json()

    assert first["next"].startswith("http://testserver/v1/feed/popular?limit=1&cursor=")
    assert [int(post["id"]) for post in first["results"] + second["results"]] == reader.popular
    assert (second["source"], second["next"]) == ("popular", None)


def test_a_place_in_the_home_feed_is_kept_by_its_own_link(reader: Reader, clock: Clock) -> None:
    Post.objects.update(author=reader.user)
    following = reader.get("/v1/feed?limit=1").json()["next"]
    expected = reader.get(following).json()
    open_breaker()

    instead = reader.get(following)
    clock.now += OPEN_SECONDS

    assert (instead.status_code, instead.json()["source"]) == (200, "popular")
    assert reader.get(following).json() == expected


def test_a_metric_and_the_log_tell(reader: Reader, caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    def is_open() -> float | None:
        return REGISTRY.get_sample_value("puppies_breaker_open", {"breaker": "home_feed"})

    with caplog.at_level(logging.INFO):
        with locked(LOCKED):
            reader.get_by_each()
            reader.get_by_each()
        states = [is_open()]
        clock.now += OPEN_SECONDS
        reader.get()
        states.append(is_open())

    lines = [record.getMessage() for record in caplog.records if record.getMessage().startswith("home_feed")]
    failed = (
        "home_feed_failed reason=timeout error=OperationalError: canceling statement due to statement timeout"
    )
    assert states == [1.0, 0.0]
    assert lines == [
        failed,
        failed,
        "home_feed_unavailable error=canceling statement due to statement timeout",
        failed,
        "home_feed_available",
    ]
