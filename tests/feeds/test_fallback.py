"""What counts as a failure of the home feed, and what as its answer."""

import logging

import pytest
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework.exceptions import NotAcceptable
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from feeds.api import fallback
from feeds.api.fallback import popular_when_it_fails
from feeds.popular import snapshots
from puppies.breaker import Breaker
from puppies.errors import InvalidCursor, NotFound, Unauthenticated, Unavailable
from tests.feeds.popular.rankings import ranked_posts

pytestmark = pytest.mark.django_db
FAILURES = [
    ZeroDivisionError("a bug"),
    KeyError("feed_id"),
    Unavailable(),
    InterfaceError("closed"),
    OperationalError("x"),
]
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
def breaker(monkeypatch: pytest.MonkeyPatch) -> Breaker:
    monkeypatch.setattr(snapshots, "memory", snapshots.Memory())
    own = Breaker("home_feed", failures=2)
    monkeypatch.setattr(fallback, "breaker", own)
    return own


def answer(error: Exception | None) -> Response:
    request = APIRequestFactory().get("/v1/feed", headers={"host": "testserver"})
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
