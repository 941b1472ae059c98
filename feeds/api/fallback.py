"""The circuit breaker around the home feed: when it fails, popular posts that this reader may see are answered, and labelled."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import Error, connection
from django.http import Http404, HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from feeds.api.popular_views import first_page
from feeds.metrics import FALLBACKS
from puppies.api.json import Answer
from puppies.api.pagination import read_cursor, read_limit
from puppies.breaker import Breaker, first_line
from puppies.deadline import DeadlinePassed, deadline
from puppies.errors import DomainError, Unavailable
from puppies.middleware import ARRIVED
from puppies.viewer import viewer_of

FEED_SOURCE = OpenApiParameter(
    "X-Feed-Source",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description="`fallback` when these are popular posts instead; absent otherwise.",
)
# SQLSTATE: cancelled by statement_timeout, by lock_timeout, by transaction_timeout.
TIMEOUTS = frozenset({"57014", "55P03", "25P04"})
# A refusal is an answer: the feed works and does not like the request.
ANSWERS = (DomainError, APIException, Http404, PermissionDenied)

View = Callable[[Any, Request], HttpResponse]
breaker = Breaker("home_feed")
logger = logging.getLogger(__name__)


def home_scope(request: Request) -> str:
    """What cursors of the caller's home feed are bound to."""
    return f"home:{viewer_of(request).id}"


def popular_when_it_fails(view: View) -> View:
    """Answer popular posts when the home feed raises or takes longer than HOME_FEED_DEADLINE_MS, or has just done so repeatedly."""

    @functools.wraps(view)
    def guarded(self: Any, request: Request) -> HttpResponse:
        # First, for a request that is not understood says nothing of the feed: neither may it close the breaker nor be the one that tries.
        limit = read_limit(request)
        read_cursor(request, scope=home_scope(request))
        reader_id = viewer_of(request).id
        if not breaker.allows(reader_id):
            return _fallback(request, limit=limit, reason="open")
        try:
            # From its arrival: a Redis that hangs may have taken its share already.
            with deadline(settings.HOME_FEED_DEADLINE_MS, since=request.META.get(ARRIVED)):
                response = view(self, request)
        except Exception as error:
            if isinstance(error, ANSWERS) and not isinstance(error, Unavailable):
                breaker.succeeded()
                raise
            return _after_failure(request, error, limit=limit)
        breaker.succeeded(reader_id)
        return response

    return guarded


def _after_failure(request: Request, error: Exception, *, limit: int) -> HttpResponse:
    reason = reason_of(error)
    # A feed that takes long may be this reader's alone: then it is not to be taken from the others.
    breaker.failed(error, viewer_of(request).id if reason == "timeout" else None)
    logger.warning(
        "home_feed_failed reason=%s error=%s: %s",
        reason,
        type(error).__name__,
        first_line(error),
        exc_info=error if reason == "error" else None,
    )
    if connection.connection is None and isinstance(error, Error):
        # PostgreSQL cannot be reached: without it nobody knows what this reader may see, and to try once more takes as long again.
        raise error
    if connection.connection is not None and connection.connection.closed:
        connection.close()
    return _fallback(request, limit=limit, reason=reason)


def _fallback(request: Request, *, limit: int, reason: str) -> HttpResponse:
    with deadline(settings.FALLBACK_DEADLINE_MS):
        body = first_page(request, limit=limit)
    FALLBACKS.labels(reason).inc()
    return Answer(body, headers={FEED_SOURCE.name: "fallback"})


def reason_of(error: Exception) -> str:
    """In one word why the home feed failed: `timeout`, `database` or `error`."""
    if isinstance(error, DeadlinePassed) or getattr(error.__cause__, "pgcode", None) in TIMEOUTS:
        return "timeout"
    return "database" if isinstance(error, Error) else "error"
