"""Counts every request before anything else is done for it, the ones for addresses that do not exist included."""

from collections.abc import Callable, Sequence
from http import HTTPStatus

from django.http import HttpRequest, HttpResponseBase

from puppies.api import problems
from puppies.api.headers import add_headers
from puppies.limits import metrics, service
from puppies.limits.buckets import Bucket, Level, RateLimited, Verdict
from puppies.limits.requests import buckets_of

# Probes and scrapers must not be turned away by a flood that they are there to notice.
EXEMPT = frozenset({"/livez", "/readyz", "/metrics"})


class LimitMiddleware:
    """Answers 429 for a request whose buckets are empty, and tells the others how much is left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        buckets = [] if request.path_info in EXEMPT else buckets_of(request)
        if not buckets:
            return self.get_response(request)
        verdict = service.take(buckets)
        if not verdict.is_allowed:
            response: HttpResponseBase = _refusal(request, verdict)
        else:
            response = self.get_response(request)
            verdict = _settled(buckets, verdict, response)
        _tell(response, verdict)
        return response


def _refusal(request: HttpRequest, verdict: Verdict) -> HttpResponseBase:
    level = verdict.tightest
    metrics.REFUSED.labels(level.limit.name).inc()
    return problems.of_domain_error(RateLimited(level), request)


def _settled(buckets: Sequence[Bucket], verdict: Verdict, response: HttpResponseBase) -> Verdict:
    """The verdict after what was not the client's doing has been given back: failures, and the effect that a replay did not have."""
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR and getattr(response, "is_refundable", True):
        given_back = list(buckets)
    elif response.has_header("Idempotency-Replayed"):
        # A replay costs nothing but itself: it still counts as a request.
        given_back = [bucket for bucket in buckets if bucket.limit.routes]
    else:
        return verdict
    service.refund(given_back, is_local=verdict.is_local)
    names = {bucket.limit.name for bucket in given_back}
    levels = [_refunded(level) if level.limit.name in names else level for level in verdict.levels]
    return Verdict(is_allowed=True, levels=tuple(levels), is_local=verdict.is_local)


def _refunded(level: Level) -> Level:
    return Level(level.limit, max(0, level.lack - level.limit.interval))


def _tell(response: HttpResponseBase, verdict: Verdict) -> None:
    tightest = verdict.tightest
    headers = {
        "RateLimit-Limit": str(tightest.limit.quantity),
        "RateLimit-Remaining": str(tightest.remaining),
        "RateLimit-Reset": str(tightest.reset_seconds),
        # draft-ietf-httpapi-ratelimit-headers-10: every policy that applies.
        "RateLimit-Policy": ", ".join([level.limit.policy for level in verdict.levels]),
        "RateLimit": ", ".join([level.item for level in verdict.levels]),
    }
    add_headers(response, headers)
