"""What is wrong with a request whichever view it is for, told before anybody is asked to sign in."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from puppies.api import problems
from puppies.api.gate import UNFIT

GetResponse = Callable[[HttpRequest], HttpResponseBase]
View = TypeVar("View", bound=Callable[..., HttpResponseBase])

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestMiddleware:
    """Refuses headers that the gate took off, bodies without a length, NUL in the addresses of pages, and methods that no view has."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if UNFIT in request.META:
            return problems.response(
                request, status=400, detail="A header is too long, or has an extended parameter."
            )
        if _hides_its_body(request):
            return problems.response(request, status=411)
        if "%00" in request.META.get("QUERY_STRING", "") and not request.path_info.startswith("/v1/"):
            return problems.response(request, status=400, detail="No parameter has a NUL character in it.")
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        methods = methods_of(view)
        if not methods or request.method in methods:
            return None
        allow = ", ".join(sorted(methods))
        answer = problems.response(request, status=405, detail=f"This address answers {allow}.")
        answer["Allow"] = allow
        return answer


def _hides_its_body(request: HttpRequest) -> bool:
    """Whether the body comes without a length: WSGI shows such a one as none at all."""
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return True
    # HTTP/2 has no such header: there a body is announced by its type.
    is_newer = not request.META.get("SERVER_PROTOCOL", "").startswith("HTTP/1")
    return is_newer and bool(request.META.get("CONTENT_TYPE")) and not request.META.get("CONTENT_LENGTH")


def reads_only(view: View) -> View:
    """Declare that a plain view answers nothing but reads."""
    view.only_methods = _READS  # type: ignore[attr-defined]
    return view


@lru_cache(maxsize=1_024)
def methods_of(view: Any) -> frozenset[str]:
    """What a view answers, in capitals; empty when it does not tell."""
    cls = getattr(view, "cls", None)
    if cls is None:
        return getattr(view, "only_methods", frozenset())
    names = getattr(view, "actions", None) or [name for name in cls.http_method_names if hasattr(cls, name)]
    methods = frozenset(name.upper() for name in names) | {"OPTIONS"}
    return methods | {"HEAD"} if "GET" in methods else methods
