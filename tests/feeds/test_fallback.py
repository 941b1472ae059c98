"""What counts as a failure of the home feed, and what as its answer."""

import logging

import pytest
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import Http404
from rest_framework.exceptions import NotAcceptable
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from accounts.sessions import open_session
from feeds.api import fallback
from feeds.api.fallback import popular_when_it_fails
from feeds.popular import snapshots
from puppies.breaker import OPEN_SECONDS, Breaker
from puppies.deadline import DeadlinePassed
from puppies.errors import InvalidCursor, NotFound, Unauthenticated, Unavailable
from puppies.viewer import Viewer, anonymous
from tests.clock import Clock
from tests.factories import UserFactory
from tests.feeds.popular.rankings import ranked_posts

pytestmark = pytest.mark.django_db
FAILURES = [
    ZeroDivisionError("a bug"),
    KeyError("feed_id"),
    Unavailable(),
    InterfaceError("closed"),
    OperationalError("x"),
]
SLOW = DeadlinePassed("slow")
REFUSALS = {
    Unauthenticated("ended"): 401,
    InvalidCursor(): 400,
    NotFound(): 404,
    Http404(): 404,
    PermissionDenied(): 403,
    NotAcceptable(): 406,
}


class View(APIView):
    """A feed that raises what it is told."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    error: Exception | None = None

    @popular_when_it_fails
    def get(self, request: Request) -> Response:
        if self.error is not None:
            raise self.error
        return Response({"source": "home"})


@pytest.fixture(autouse=True)
def breaker(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Breaker:
    monkeypatch.setattr(snapshots, "memory", snapshots.Memory())
    own = Breaker("home_feed", failures=2, clock=clock)
    monkeypatch.setattr(fallback, "breaker", own)
    return own


def answer(error: Exception | None, reader: Viewer | None = None) -> Response:
    request = APIRequestFactory().get("/v1/feed", headers={"host": "testserver"})
    force_authenticate(request, reader or anonymous())  # type: ignore[arg-type]
    response: Response = View.as_view(error=error)(request)
    return response


@pytest.mark.parametrize("error", FAILURES, ids=repr)
def test_a_failure_is_answered_with_popular_posts_and_counts(error: Exception, breaker: Breaker) -> None:
    posts = ranked_posts(2)

    answers = [answer(error) for _ in range(2)]

    assert [response.data["source"] for response in answers] == ["popular"] * 2
    assert [int(post["id"]) for post in answers[0].data["results"]] == posts
    assert answers[0]["X-Feed-Source"] == "fallback"
    assert breaker.is_open


@pytest.mark.parametrize(("error", "status"), REFUSALS.items(), ids=map(repr, REFUSALS))
def test_a_refusal_is_an_answer(error: Exception, status: int, breaker: Breaker) -> None:
    found = [answer(error).status_code for _ in range(3)]

    assert found == [status] * 3
    assert not breaker.is_open


def test_a_refusal_proves_that_the_feed_works(breaker: Breaker) -> None:
    for _ in range(3):
        answer(ZeroDivisionError("a bug"))
        answer(InvalidCursor())

    assert not breaker.is_open


def test_what_works_is_passed_through() -> None:
    response = answer(None)

    assert (response.data, response.has_header("X-Feed-Source")) == ({"source": "home"}, False)


def test_a_bug_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        answer(ZeroDivisionError("a bug"))

    (line,) = [record for record in caplog.records if record.name == "feeds.api.fallback"]
    assert line.getMessage() == "home_feed_failed reason=error error=ZeroDivisionError: a bug"
    assert line.exc_info is not None


@pytest.fixture
def readers() -> list[Viewer]:
    users = UserFactory.create_batch(3)
    return [Viewer(id=user.id, session_id=open_session(user=user).session_id) for user in users]


def sources(*answers: Response) -> list[str]:
    return [response.data["source"] for response in answers]


def test_a_reader_with_a_slow_feed_does_not_take_theirs_from_the_others(
    breaker: Breaker, readers: list[Viewer]
) -> None:
    alone = [answer(SLOW, readers[0]) for _ in range(5)]
    between = [answer(error, reader) for error, reader in [(SLOW, readers[0]), (None, readers[1])] * 5]

    assert sources(*alone) == ["popular"] * 5
    assert sources(*between) == ["popular", "home"] * 5
    assert not breaker.is_open


def test_a_timeout_that_postgresql_keeps_counts_once_a_reader_too(
    breaker: Breaker, readers: list[Viewer]
) -> None:
    with connection.cursor() as cursor, pytest.raises(OperationalError) as cancelled, transaction.atomic():
        cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(10)")

    assert sources(*[answer(cancelled.value, readers[0]) for _ in range(3)]) == ["popular"] * 3
    assert not breaker.is_open


def test_the_slow_feeds_of_several_readers_are_a_feed_that_fails(
    breaker: Breaker, readers: list[Viewer]
) -> None:
    for reader in readers[:2]:
        answer(SLOW, reader)

    assert breaker.is_open


def test_any_other_failure_of_one_reader_counts_each_time(breaker: Breaker, readers: list[Viewer]) -> None:
    for _ in range(2):
        answer(OperationalError("x"), readers[0])

    assert breaker.is_open


def test_readers_with_slow_feeds_open_it_once(breaker: Breaker, readers: list[Viewer], clock: Clock) -> None:
    for reader in readers[:2]:
        answer(SLOW, reader)
    clock.now += OPEN_SECONDS
    tried = answer(SLOW, readers[0])
    turns = list(zip([SLOW, SLOW, None], readers, strict=True)) * 3
    found = [answer(error, reader) for error, reader in reversed(turns)]

    assert sources(tried, *found) == ["popular", *["home", "popular", "popular"] * 3]
    assert not breaker.is_open


def test_a_refusal_does_not_prove_that_a_readers_feed_is_quick(
    breaker: Breaker, readers: list[Viewer]
) -> None:
    answer(SLOW, readers[0])
    answer(NotFound(), readers[0])
    for reader in readers[:2]:
        answer(SLOW, reader)

    assert not breaker.is_open
