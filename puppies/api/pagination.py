"""Keyset pages, newest first, in both directions.

`next` walks down by `key < before`. `previous` polls upward, and there `key > newest shown` alone would lose rows for ever: ids do not
become visible in id order, so a row with a smaller id may commit after the poll. An upward cursor therefore stays at a low-water mark
older than the longest transaction allowed, and carries the keys above it that were shown already.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.utils.encoding import escape_uri_path
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from puppies import cursors
from puppies.api.origin import origin_of
from puppies.errors import DomainError, FieldProblem, InvalidCursor
from puppies.ids import MAX_ID, first_id_at
from puppies.looks import Look

Row = TypeVar("Row")

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
LIMIT_AND_CURSOR = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        description="Rows a page.",
    ),
    OpenApiParameter("cursor", str, description="From the `next` or `previous` link of another page."),
]
# What a page says of its links; the first is null at the end of the list, the second where nobody can poll.
NEXT = "The page after this one; null at the end of the list."
POLL = (
    "Ask here for what is new since this page: never null. Each answer's own `previous` goes on from there."
)
NEVER = "Always null: this list cannot be polled."
CLOCK_SLACK_SECONDS = 5
# So that a cursor fits into an address. In a list that gains more rows than this within the longest transaction, a row that becomes
# visible late among the others may be missed by polling; a walk from the top shows it.
MAX_MARKS = 200


class InvalidLimit(DomainError):
    code = "invalid_limit"
    title = f"limit is a whole number from 1 to {MAX_LIMIT}"


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows a page wants: keys in (after, before), none of `shown`; the first `limit` from the top, or from `after` upward."""

    limit: int
    before: int = MAX_ID
    after: int = 0
    shown: tuple[int, ...] = ()
    upward: bool = False


def read_limit(request: Request) -> int:
    """`?limit=`, 20 when absent. Raises InvalidLimit."""
    raw = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 3 and 1 <= int(raw) <= MAX_LIMIT):
        raise InvalidLimit(errors=(FieldProblem("/limit", "invalid", InvalidLimit.title),))
    return int(raw)


def read_cursor(request: Request, *, scope: str) -> dict[str, Any]:
    """The place named by `?cursor=`, empty when absent. Raises InvalidCursor."""
    raw = request.query_params.get("cursor")
    return {} if raw is None else cursors.decode(raw, scope=scope)


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of one list, its filters and limit kept: `address` ends where a cursor begins."""

    address: str
    scope: str

    def at(self, place: dict[str, Any]) -> str:
        """The absolute URL of the list at `place`."""
        return self.address + cursors.encode(place, scope=self.scope)


def links_of(request: Request, *, scope: str) -> Links:
    """The links of the list that this request asks for."""
    others = sorted((name, value) for name, value in request.query_params.items() if name != "cursor")
    query = f"{urlencode(others)}&" if others else ""
    return Links(f"{origin_of(request)}{escape_uri_path(request.path)}?{query}cursor=", scope)


def link(request: Request, *, scope: str, place: dict[str, Any]) -> str:
    """The absolute URL of this list at `place`, filters and limit kept."""
    return links_of(request, scope=scope).at(place)


def low_water_mark(now: datetime) -> int:
    """A key below which nothing can appear any more: ids older than the longest transaction are visible or never will be."""
    longest = timedelta(milliseconds=settings.TRANSACTION_TIMEOUT_MS, seconds=CLOCK_SLACK_SECONDS)
    return first_id_at(now - longest)


def paginate(
    request: Request,
    *,
    scope: str,
    fetch: Callable[[Window], Sequence[Row]],
    key: Callable[[Row], int],
) -> tuple[list[Row], dict[str, str | None]]:
    """One page of rows, newest first, and its `next` and `previous` links.

    `fetch` answers a Window with at most `limit` rows: descending by key, or ascending when the window looks upward. A Look that stopped
    early makes a page that is short, or empty, with links to go on from there.
    """
    limit = read_limit(request)
    window = _window(read_cursor(request, scope=scope), limit)
    rows = fetch(window)
    until = rows.until if isinstance(rows, Look) and len(rows) < window.limit else None
    more = len(rows) > limit
    page = list(rows[:limit])
    if window.upward:
        page.reverse()
    keys = [key(row) for row in page]
    links = links_of(request, scope=scope)
    return page, {
        "next": _next(links, window, keys, more=more, until=until),
        "previous": links.at(_upward_place(window, keys, full=len(page) == limit, until=until)),
    }


def _window(place: dict[str, Any], limit: int) -> Window:
    match place:
        case {} if not place:
            return Window(limit + 1)
        case {"b": int(before)}:
            return Window(limit + 1, before=before)
        case {"a": int(after), "s": list(shown)}:
            return Window(limit, after=after, shown=tuple(shown), upward=True)
    raise InvalidCursor


def _next(links: Links, window: Window, keys: list[int], *, more: bool, until: int | None) -> str | None:
    if keys and (more or window.upward):
        return links.at({"b": keys[-1]})
    if window.upward:
        return links.at({"b": max((window.after, *window.shown)) + 1})
    return links.at({"b": until}) if until is not None else None


def _upward_place(window: Window, keys: list[int], *, full: bool, until: int | None) -> dict[str, Any]:
    settled = low_water_mark(datetime.now(UTC))
    if window.upward:
        shown = {*window.shown, *keys}
        # Above a full page, and below what was shown before, there may be rows that it had no room for; above the end of a look, rows
        # that it has not seen.
        highest = max(shown, default=0) if until is None else until
        top = keys[0] if full else highest
        after = max(window.after, min(settled, top))
    else:
        # Rows below a full page, or below the end of a look, belong to the pages after it; another page has seen all there was.
        shown = set(keys)
        top = keys[0] if keys else (window.before - 1 if window.before < MAX_ID else settled)
        bottom = keys[-1] - 1 if full else 0
        after = max(min(settled, top), bottom if until is None else until)
    marks = sorted(mark for mark in shown if mark > after)
    if len(marks) > MAX_MARKS:
        after = marks[-MAX_MARKS - 1]
    return {"a": after, "s": marks[-MAX_MARKS:]}
