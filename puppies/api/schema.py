"""What the schema says beyond the views: every operation declares the problem documents it can answer."""

import re
from typing import Any

from puppies.api.problems import CONTENT_TYPE

PROBLEM = {
    "type": "object",
    "description": "A refusal or failure (RFC 9457). `code` is stable: compare it, show `detail`.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Where the code is explained."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path of the request."},
        "code": {"type": "string"},
        "trace_id": {"type": "string", "description": "Names the request to whoever looks into it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer, or a parameter's name."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
                "required": ["pointer", "code", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "code", "trace_id", "errors"],
}
DESCRIPTIONS = {
    "400": "The request is not valid.",
    "401": "No access token, a bad one, or one whose session has ended.",
    "404": "There is nothing here, or nothing for this caller's eyes.",
    "409": "The request conflicts with what is there.",
    "412": "The resource has changed since the version that `If-Match` names.",
    "411": "The body came without a Content-Length.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The key stands for another request.",
    "429": "Too many requests; `Retry-After` says when to try again.",
    "500": "Something broke on our side.",
    "503": "The service cannot answer now; `Retry-After` says when to try again.",
}
_METHODS = {"get", "post", "put", "patch", "delete"}


def declare_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the problem documents to every operation; a drf-spectacular postprocessing hook."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    for path, operations in result["paths"].items():
        for method in _METHODS & set(operations):
            operation = operations[method]
            codes = _named_codes(operation.get("description", ""))
            for status in [*_statuses(path, operation), *codes]:
                operation["responses"].setdefault(status, _problem_response(status, operation, codes))
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def _statuses(path: str, operation: dict[str, Any]) -> list[str]:
    statuses = ["400", "429", "500", "503"]
    if _takes_tokens(operation):
        statuses.append("401")
    if "{" in path:
        statuses.append("404")
    if "requestBody" in operation:
        statuses += ["411", "413", "415"]
    return statuses


def _takes_tokens(operation: dict[str, Any]) -> bool:
    return {"bearer": []} in operation.get("security", [])


def _named_codes(description: str) -> dict[str, list[str]]:
    """The codes that a docstring names after a refusal's status, by status: that declares them."""
    named: dict[str, list[str]] = {}
    for clause in re.finditer(r"\b(4\d\d) `[^.;:]*", description):
        named.setdefault(clause[1], []).extend(re.findall(r"`([a-z_]+)`", clause[0]))
    return named


def _problem_response(status: str, operation: dict[str, Any], codes: dict[str, list[str]]) -> dict[str, Any]:
    named = ", ".join(f"`{code}`" for code in codes.get(status, ()))
    # Without a token there is nothing wrong with one.
    words = (
        "Refused" if status == "401" and not _takes_tokens(operation) else DESCRIPTIONS[status].rstrip(".")
    )
    return {
        "description": f"{words}: {named}." if named else f"{words}.",
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def name_components(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Call the outputs what clients call them: `Post`, not `PostOutput`; a drf-spectacular postprocessing hook."""
    schemas = result["components"]["schemas"]
    result["components"]["schemas"] = {
        name.removesuffix("Output"): schema for name, schema in sorted(schemas.items())
    }
    renamed: dict[str, Any] = _renamed(result)
    return renamed


def _renamed(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: value.removesuffix("Output") if key == "$ref" else _renamed(value)
            for key, value in node.items()
        }
    return [_renamed(value) for value in node] if isinstance(node, list) else node
