"""The headers that answers carry, in the schema: every answer's own, and those of single kinds of answers."""

from typing import Any

_PREFIX = "#/components/headers/"
_METHODS = {"get", "post", "put", "patch", "delete"}


def _header(description: str, *, is_required: bool = True, **schema: Any) -> dict[str, Any]:
    return {
        "description": description,
        "required": is_required,
        "schema": {"type": "string", **schema},
    }


HEADERS = {
    "X-Request-ID": _header("Names the request: the one that it brought, or a new one."),
    "RateLimit-Limit": _header("Requests in the window of the tightest limit.", type="integer", minimum=1),
    "RateLimit-Remaining": _header("How many of them are left.", type="integer", minimum=0),
    "RateLimit-Reset": _header("Seconds until all of them are back.", type="integer", minimum=0),
    "RateLimit-Policy": _header('Every limit that counts here: `"name";q=quantity;w=seconds`.'),
    "RateLimit": _header('What is left of each: `"name";r=remaining;t=seconds`.'),
    "Retry-After": _header("Seconds to wait.", type="integer", minimum=1),
    "WWW-Authenticate": _header("How to sign in (RFC 6750)."),
    "ETag": _header("This version, for `If-None-Match` and `If-Match`."),
    "Idempotency-Replayed": _header(
        "The answer is the first one's, given again.", is_required=False, enum=["true"]
    ),
}
_ALWAYS = (
    "X-Request-ID",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "RateLimit-Policy",
    "RateLimit",
)
_BY_STATUS = {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "503": ("Retry-After",)}


def declare_headers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the headers to every answer; a drf-spectacular postprocessing hook that follows the one of the problems."""
    result["components"]["headers"] = HEADERS
    for status, response in _shared(result):
        _add(response, (*_ALWAYS, *_BY_STATUS.get(status, ())))
    for operations in result["paths"].values():
        for method in _METHODS & set(operations):
            _declare(operations[method])
    return result


def _shared(result: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The responses that operations refer to, each with its status."""
    names = {
        response["$ref"].rpartition("/")[2]: status
        for operations in result["paths"].values()
        for method in _METHODS & set(operations)
        for status, response in operations[method]["responses"].items()
        if "$ref" in response
    }
    return [(status, result["components"]["responses"][name]) for name, status in names.items()]


def _declare(operation: dict[str, Any]) -> None:
    taken = {row["name"] for row in operation.get("parameters", ()) if row["in"] == "header"}
    for status, response in operation["responses"].items():
        if "$ref" not in response:
            tag = ("ETag",) if "Location" in response.get("headers", ()) else ()
            _add(response, (*_ALWAYS, *_BY_STATUS.get(status, ()), *_of_taken(status, taken), *tag))


def _of_taken(status: str, taken: set[str]) -> tuple[str, ...]:
    """What goes with the headers that the operation takes."""
    is_tagged = status in {"200", "304"} and taken & {"If-None-Match", "If-Match"}
    is_repeatable = status.startswith("2") and "Idempotency-Key" in taken
    return (*(["ETag"] if is_tagged else []), *(["Idempotency-Replayed"] if is_repeatable else []))


def _add(response: dict[str, Any], names: tuple[str, ...]) -> None:
    response.setdefault("headers", {}).update({name: {"$ref": _PREFIX + name} for name in names})
