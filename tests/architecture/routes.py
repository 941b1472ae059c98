"""Every route of the URLconf, and how to ask for it."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("get", "post", "put", "patch", "delete")


def routes(patterns: Sequence[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(method, pattern) of every route, in the order in which they are tried."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            for method in methods_of(pattern):
                yield method.upper(), route


def methods_of(pattern: URLPattern) -> tuple[str, ...]:
    """What the route answers; of pages for people only GET, since their forms post to the page's own address."""
    view: Any = pattern.callback
    actions: dict[str, str] | None = getattr(view, "actions", None)
    if actions:
        return tuple(method for method in METHODS if method in actions)
    api_view = getattr(view, "cls", None)
    return tuple(method for method in METHODS if hasattr(api_view, method)) if api_view else ("get",)
