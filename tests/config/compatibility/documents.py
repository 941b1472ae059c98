"""Small OpenAPI documents, each a change away from the one that was promised."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

Document = dict[str, Any]
Change = Callable[[Document], None]

PROMISED: Document = {
    "paths": {
        "/v1/walks/{id}": {
            "put": {
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}},
                    {
                        "in": "query",
                        "name": "limit",
                        "schema": {"type": "integer", "maximum": 100, "default": 20},
                    },
                    {"in": "header", "name": "If-Match", "schema": {"type": "string"}},
                ],
                "requestBody": {
                    "required": False,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WalkInput"}}},
                },
                "security": [{"bearer": []}, {}],
                "responses": {
                    "200": {
                        "description": "",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Walk"}}},
                        "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
                    },
                    "409": {"$ref": "#/components/responses/Conflict"},
                },
            },
            "get": {"responses": {"200": {"description": ""}}},
        }
    },
    "components": {
        "responses": {"Conflict": {"description": "Refused: `too_far`, `too_late`."}},
        "schemas": {
            "WalkInput": {
                "type": "object",
                "properties": {
                    "title": {"type": "string", "minLength": 1, "maxLength": 50},
                    "pace": {"type": "string", "enum": ["slow", "fast"]},
                    "dogs": {"type": "array", "maxItems": 5, "items": {"type": "string"}},
                    "note": {"type": "string", "nullable": True},
                },
                "required": ["title"],
            },
            "Walk": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "pattern": "^[0-9]+$"},
                    "began_at": {"type": "string", "format": "date-time"},
                    "pace": {"allOf": [{"$ref": "#/components/schemas/Pace"}], "description": "How fast."},
                    "length": {"type": "integer", "minimum": 0},
                    "ended_at": {"type": "string", "format": "date-time", "nullable": True},
                    "next": {"$ref": "#/components/schemas/Walk"},
                    "dogs": {"type": "array", "items": {"$ref": "#/components/schemas/Dog"}},
                    "mood": {"oneOf": [{"$ref": "#/components/schemas/Pace"}, {"enum": [""]}]},
                },
                "required": ["id", "began_at", "pace"],
            },
            "Pace": {"type": "string", "enum": ["slow", "fast"]},
            "Dog": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        },
    },
}


def changed(change: Change) -> Document:
    """The promised document after one change."""
    document = deepcopy(PROMISED)
    change(document)
    return document


def at(document: Document, path: str) -> Any:
    """The node that the blank-separated path leads to; digits are places in lists."""
    node: Any = document
    for part in path.split():
        node = node[int(part)] if isinstance(node, list) else node[part]
    return node


def put(path: str, value: Any) -> Change:
    """Set one member."""

    def change(document: Document) -> None:
        holder, _, name = path.rpartition(" ")
        at(document, holder)[name] = value

    return change


def without(path: str) -> Change:
    """Remove one member, or one place of a list."""

    def change(document: Document) -> None:
        holder, _, name = path.rpartition(" ")
        node = at(document, holder)
        del node[int(name) if isinstance(node, list) else name]

    return change


def add(path: str, value: Any) -> Change:
    """Append to a list."""
    return lambda document: at(document, path).append(value)
