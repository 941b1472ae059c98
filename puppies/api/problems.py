"""Problem documents (RFC 9457): one shape for every refusal and failure, from every layer."""

import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import Error, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response

from puppies import trace
from puppies.api.json import dumps
from puppies.errors import DomainError, FieldProblem, NotFound, Unavailable

CONTENT_TYPE = "application/problem+json"
TYPE_BASE = "/docs/errors/"
CHALLENGE = 'Bearer realm="puppies"'

logger = logging.getLogger(__name__)

# code and title by status, for refusals that come from Django and DRF rather than from a rule of ours.
_BY_STATUS = {
    400: ("invalid", "The request is not valid"),
    401: ("unauthenticated", "Sign in first"),
    403: ("forbidden", "You may not do this"),
    404: (NotFound.code, NotFound.title),
    405: ("method_not_allowed", "This method is not allowed here"),
    406: ("not_acceptable", "Only application/json can be answered"),
    411: ("length_required", "Send the body with a Content-Length"),
    413: ("too_large", "The body is too large"),
    415: ("unsupported_media_type", "Only application/json is accepted"),
    429: ("rate_limited", "Too many requests"),
    500: ("internal_error", "Something broke on our side"),
    503: (Unavailable.code, Unavailable.title),
}


def code_of(status: int) -> str:
    """The code of a refusal or failure that breaks no rule of ours; empty for a status that only rules give."""
    return _BY_STATUS.get(status, ("", ""))[0]


def document(
    *,
    status: int,
    path: str,
    code: str = "",
    title: str = "",
    detail: str = "",
    errors: tuple[FieldProblem, ...] = (),
) -> dict[str, Any]:
    """The members of one problem document; what is not given comes from the status."""
    known_code, known_title = _BY_STATUS.get(status, ("error", HTTPStatus(status).phrase))
    current = trace.current()
    code = code or known_code
    return {
        "type": f"{TYPE_BASE}{code}",
        "title": title or known_title,
        "status": status,
        "detail": detail or title or known_title,
        "instance": path,
        "code": code,
        "trace_id": current.trace_id if current else "",
        "errors": [{"pointer": row.pointer, "code": row.code, "detail": row.detail} for row in errors],
    }


def response(
    request: HttpRequest, *, status: int, retry_after: int | None = None, **members: Any
) -> HttpResponse:
    """A problem document as a Django response, for the layers below DRF."""
    body = dumps(document(status=status, path=request.path, **members))
    answer = HttpResponse(body, status=status, content_type=CONTENT_TYPE)
    if retry_after is not None:
        answer["Retry-After"] = str(retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = CHALLENGE
    return answer


def of_exception(error: Exception, request: HttpRequest) -> HttpResponse:
    """The answer to an exception that no view turned into one: a database that is away is 503, a bug 500 and logged."""
    if isinstance(error, DomainError):
        return of_domain_error(error, request)
    if isinstance(error, (OperationalError, InterfaceError)):
        return of_domain_error(_database_away(error), request)
    # A path may have line breaks in it: they must not begin lines of their own.
    logger.error("unhandled_exception path=%r", request.path, exc_info=error)
    return response(request, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form of the admin came without its proof that the admin sent it; Django asks for this view by setting."""
    detail = "Reload the page, then send the form again."
    return response(request, status=403, code="csrf_failed", title="The form is out of date", detail=detail)


def of_domain_error(error: DomainError, request: HttpRequest) -> HttpResponse:
    """The answer to a broken rule; the limits read `is_refundable`."""
    answer = response(
        request,
        status=error.status,
        retry_after=error.retry_after,
        code=error.code,
        title=error.title,
        detail=error.detail,
        errors=error.errors,
    )
    answer.is_refundable = error.is_refundable  # type: ignore[attr-defined]
    return answer


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | HttpResponse | None:
    """DRF's door to the same documents. None for what is a bug: the middleware answers and logs it."""
    request: HttpRequest = context["request"]._request  # noqa: SLF001 - DRF keeps Django's request there
    if isinstance(error, (Http404, exceptions.NotFound)):
        error = NotFound()
    if isinstance(error, (OperationalError, InterfaceError)):
        error = _database_away(error)
    if isinstance(error, DomainError):
        return of_domain_error(error, request)
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _of_api_exception(error, request)
    return None


def _of_api_exception(error: exceptions.APIException, request: HttpRequest) -> HttpResponse:
    if isinstance(error, exceptions.ValidationError):
        rows = tuple(field_problems(error.detail))
        return response(request, status=400, code="validation_failed", errors=rows)
    return response(request, status=error.status_code, detail=str(error.detail))


def field_problems(details: Any, pointer: str = "") -> list[FieldProblem]:
    """DRF's nested error details as a flat list with JSON pointers; errors of the whole body point at the body."""
    if isinstance(details, exceptions.ErrorDetail):
        return [FieldProblem(pointer, details.code or "invalid", str(details))]
    if isinstance(details, dict):
        pairs = [
            (pointer if key == "non_field_errors" else f"{pointer}/{_escaped(str(key))}", value)
            for key, value in details.items()
        ]
    else:
        pairs = [(pointer, value) for value in details]
    return [row for where, value in pairs for row in field_problems(value, where)]


def _escaped(name: str) -> str:
    """A member's name within a JSON pointer (RFC 6901, 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _database_away(error: Error) -> Unavailable:
    logger.error("database_unavailable error=%s", str(error).strip().split("\n", maxsplit=1)[0])
    return Unavailable()


def meanings() -> dict[str, dict[str, Any]]:
    """Every `code` that an answer can carry, with its status and title, for the pages that `type` leads to."""
    known: dict[str, dict[str, Any]] = {
        code: {"status": status, "title": title} for status, (code, title) in _BY_STATUS.items()
    }
    known["csrf_failed"] = {"status": 403, "title": "The form is out of date"}
    known["validation_failed"] = {"status": 400, "title": "The request is not valid"}
    waiting = [DomainError]
    while waiting:
        rule = waiting.pop()
        known.setdefault(rule.code, {"status": rule.status, "title": rule.title, "text": rule.__doc__ or ""})
        waiting += rule.__subclasses__()
    return known
