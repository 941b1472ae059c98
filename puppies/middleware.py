"""The outermost layers: every answer carries its request's id, and every failure is a problem document."""

import re
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic
from typing import cast

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import BadRequest, DisallowedHost, PermissionDenied, RequestDataTooBig
from django.core.exceptions import SuspiciousOperation as Suspicious
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.deprecation import MiddlewareMixin

from puppies import trace
from puppies.api import problems
from puppies.api.headers import add_headers
from puppies.metrics import REQUEST_SECONDS

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# In a request's META: the instant of `monotonic()` at which it arrived here.
ARRIVED = "puppies.arrived"
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_WITHOUT_LENGTH = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
_REFUSALS: tuple[tuple[type[Exception], int], ...] = (
    (RequestDataTooBig, 413),
    (DisallowedHost, 400),
    (Suspicious, 400),
    (BadRequest, 400),
    (Http404, 404),
    (PermissionDenied, 403),
)


class PagesOnly(MiddlewareMixin):
    """Mixed into a middleware that serves people's pages: requests of the API, which knows tokens and no cookies, pass it by."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith("/v1/"):
            return cast("HttpResponseBase", self.get_response(request))
        return cast("HttpResponseBase", super().__call__(request))


class PageSessionMiddleware(PagesOnly, SessionMiddleware):
    """Sessions of the admin."""


class PageCsrfMiddleware(PagesOnly, CsrfViewMiddleware):
    """Protection of the admin's forms."""


class PageAuthenticationMiddleware(PagesOnly, AuthenticationMiddleware):
    """The admin's user."""


class PageMessageMiddleware(PagesOnly, MessageMiddleware):
    """The admin's messages."""


class MetricsMiddleware:
    """Times each request. One measurement by method, route and status is all that dashboards need; more costs as much as a query."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        begin = request.META[ARRIVED] = monotonic()
        response = self.get_response(request)
        # Names that clients make up must not become label values: neither paths nor methods.
        method = request.method if request.method in _METHODS else "other"
        route = request.resolver_match.route if request.resolver_match else ""
        REQUEST_SECONDS.labels(method, route, response.status_code).observe(monotonic() - begin)
        return response


class TraceMiddleware:
    """Takes or makes the request's id and trace, and puts `X-Request-ID` on the answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # `request.headers` would be made of all of them first.
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else ""
        traceparent = request.META.get("HTTP_TRACEPARENT", "")
        with trace.tracing(traceparent=traceparent, request_id=request_id) as own:
            response = self.get_response(request)
        headers = {"X-Request-ID": own.request_id}
        if isinstance(response, HttpResponse) and response.status_code not in _WITHOUT_LENGTH:
            # Known lengths spare the client a chunked body.
            headers["Content-Length"] = str(len(response.content))
        add_headers(response, headers)
        return response


class ProblemMiddleware:
    """Turns exceptions that no view handled into problem documents.

    Pages for people (the admin, the documentation) keep Django's own answers for refusals; failures are the same everywhere.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        for kind, status in _REFUSALS:
            if isinstance(exception, kind):
                # What they say is for developers: it names settings.
                return problems.response(request, status=status)
        return problems.of_exception(exception, request)
