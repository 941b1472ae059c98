"""What the schema says beyond the views: every operation declares the problem documents it can answer."""

import re
from typing import Any

from puppies.api import problems

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
    "400": "The request is not valid",
    "401": "No access token, a bad one, or one whose session has ended",
    "403": "The caller may see this, not do that to it",
    "404": "There is nothing here, or nothing for this caller's eyes",
    "409": "The request conflicts with what is there",
    "411": "The body came without a Content-Length",
    "412": "The resource has changed since the version that `If-Match` names",
    "413": "The body is too large",
    "415": "The body is not JSON",
    "422": "The key stands for another request",
    "429": "Too many requests; `Retry-After` says when to try again",
    "500": "Something broke on our side",
    "503": "The service cannot answer now; `Retry-After` says when to try again",
}
# What a parameter can be refused with, besides what the docstrings name.
_OF_PARAMETERS = {
    "limit": "invalid_limit",
    "cursor": "invalid_cursor",
    "Idempotency-Key": "invalid_idempotency_key",
}
_METHODS = {"get", "post", "put", "patch", "delete"}


def declare_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the problem documents to every operation; a drf-spectacular postprocessing hook.

    A description names every code that can come with its status. Responses that many operations share are components.
    """
    result["components"]["schemas"]["Problem"] = PROBLEM
    shared = result["components"].setdefault("responses", {})
    for path, operations in result["paths"].items():
        for method in _METHODS & set(operations):
            operation = operations[method]
            codes = _codes(operation)
            for status in [*_statuses(path, operation), *codes]:
                operation["responses"].setdefault(status, _response(status, operation, codes, shared))
            operation["responses"] = dict(sorted(operation["responses"].items()))
    result["components"]["responses"] = dict(sorted(shared.items()))
    return result


def close_bodies(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say of each request body that it takes no other members; a drf-spectacular postprocessing hook."""
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Input"):
            for form in _forms(schema):
                form["additionalProperties"] = False
    return result


def require_bodies(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say that a body has to come where all its forms have members that do; a drf-spectacular postprocessing hook."""
    schemas = result["components"]["schemas"]
    for operations in result["paths"].values():
        for method in _METHODS & set(operations):
            body = operations[method].get("requestBody", {})
            for content in body.get("content", {}).values():
                schema = schemas[content["schema"]["$ref"].rpartition("/")[2]]
                if all(form.get("required") for form in _forms(schema)):
                    body["required"] = True
    return result


def _forms(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What a body may be: one of several forms, or the only one."""
    forms: list[dict[str, Any]] = schema.get("oneOf", [schema])
    return forms


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


def _codes(operation: dict[str, Any]) -> dict[str, list[str]]:
    """The codes of this operation's own refusals, by status."""
    codes = _named_codes(operation.get("description", ""))
    taken = [row["name"] for row in operation.get("parameters", ()) if row["in"] != "path"]
    invalid = ["validation_failed"] if "requestBody" in operation else []
    invalid += [_OF_PARAMETERS[name] for name in taken if name in _OF_PARAMETERS]
    if invalid:
        codes.setdefault("400", []).extend(invalid)
    return codes


def _named_codes(description: str) -> dict[str, list[str]]:
    """The codes that a docstring names after a refusal's status, by status: that declares them."""
    named: dict[str, list[str]] = {}
    for clause in re.finditer(r"\b([45]\d\d) `[^.;:]*", description):
        named.setdefault(clause[1], []).extend(re.findall(r"`([a-z_]+)`", clause[0]))
    return named


def _response(
    status: str, operation: dict[str, Any], codes: dict[str, list[str]], shared: dict[str, Any]
) -> dict[str, Any]:
    # Without a token there is nothing wrong with one.
    if status == "401" and not _takes_tokens(operation):
        return _problem_response("Refused", codes[status])
    own = codes.get(status, [])
    # Who forbids something names the rule; nothing is forbidden in general.
    general = "" if status == "403" else problems.code_of(int(status))
    if own or not general:
        every = dict.fromkeys([*own, general] if general else own)
        return _problem_response(DESCRIPTIONS[status], list(every))
    name = general.title().replace("_", "")
    shared[name] = _problem_response(DESCRIPTIONS[status], [general])
    return {"$ref": f"#/components/responses/{name}"}


def _problem_response(words: str, codes: list[str]) -> dict[str, Any]:
    named = ", ".join(f"`{code}`" for code in codes)
    return {
        "description": f"{words}: {named}.",
        "content": {problems.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
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
