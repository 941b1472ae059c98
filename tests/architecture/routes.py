"""Every address of the product and its methods, as Django's resolver tells them."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


def routes() -> set[tuple[str, str]]:
    """(method, address) of every route; the admin's own are one row, `/admin/`."""
    return {
        (method, path) for path, view in _walk(get_resolver().url_patterns, "/") for method in _methods(view)
    }


def _walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if path == "/admin/":
            yield path, None
        elif isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.callback


def _methods(view: Any) -> set[str]:
    if actions := getattr(view, "actions", None):
        return {method.upper() for method in actions if method != "head"}
    if view_class := getattr(view, "cls", None) or getattr(view, "view_class", None):
        return {
            name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view_class, name)
        }
    return {"GET"}
