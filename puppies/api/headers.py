"""Headers that every answer carries, whichever layer gave it, and the browser's questions about other sites."""

import re
from collections.abc import Callable, Mapping
from typing import cast

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from puppies.api.origin import origin_of

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# Nothing that the API answers is a page: whoever shows it as one gets neither script nor frame.
API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# The admin and the documentation bring their scripts as files of their own; their style sheets have inline parts.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
_EVERYWHERE = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
    "X-Frame-Options": "DENY",
}
ON_PAGES = {"Content-Security-Policy": PAGE_POLICY, **_EVERYWHERE}
ON_ANSWERS = {"Content-Security-Policy": API_POLICY, **_EVERYWHERE}
# What one caller sees is not for another: kept by that caller alone, and asked about again each time.
ON_READS = {**ON_ANSWERS, "Cache-Control": "private, no-cache"}
ON_WRITES = {**ON_ANSWERS, "Cache-Control": "no-store"}
CORS_PATHS = re.compile(settings.CORS_URLS_REGEX)
# Probes come by address, not by name.
ANY_HOST = frozenset({"/livez", "/readyz", "/metrics"})


class HeadersMiddleware:
    """Tells browsers what they may do with an answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        add_headers(response, _headers_for(request, response))
        return response


class HostMiddleware:
    """Refuses hosts that are not ours, before any view builds an address from one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in ANY_HOST:
            # What it has found is kept for the links of the answer.
            origin_of(request)
        return self.get_response(request)


class CountedCorsMiddleware(CorsMiddleware):
    """CORS whose preflights go on to the limits, where they count like any request; `PreflightMiddleware` answers them.

    Whoever names no origin is no script of another site: such a request, nearly every one, passes with nothing but the `Vary`.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "HTTP_ORIGIN" in request.META or request.method == "OPTIONS":
            return cast("HttpResponseBase", super().__call__(request))
        response = cast("HttpResponseBase", self.get_response(request))
        if CORS_PATHS.match(request.path_info):
            vary = response.get("Vary")
            response["Vary"] = f"{vary}, origin" if vary else "origin"
        return response

    def check_preflight(self, request: HttpRequest) -> None:
        request.preflight_answer = super().check_preflight(request)  # type: ignore[attr-defined]


class PreflightMiddleware:
    """Gives the answer that `CountedCorsMiddleware` held back."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        held_back = cast("HttpResponse | None", getattr(request, "preflight_answer", None))
        return held_back or self.get_response(request)


def _headers_for(request: HttpRequest, response: HttpResponseBase) -> dict[str, str]:
    path = request.path_info
    if not path.startswith("/v1/"):
        return ON_PAGES if response.get("Content-Type", "").startswith("text/html") else ON_ANSWERS
    return ON_READS if request.method in {"GET", "HEAD"} and not path.startswith("/v1/auth/") else ON_WRITES


def add_headers(response: HttpResponseBase, headers: Mapping[str, str]) -> None:
    """Give the answer these headers, but for those it has. Names and values are ours: ASCII, without a line break.

    Past Django's own check of each, for an answer has a dozen of them and to check one costs as much as to look up a session.
    """
    present = response.headers._store  # noqa: SLF001 - the one way past the checks
    for name, value in headers.items():
        present.setdefault(name.lower(), (name, value))
