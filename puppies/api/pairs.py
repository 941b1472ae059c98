"""Keyset pages, oldest first, of a list that two numbers order together, in both directions.

`next` walks on by `key > after` and is null at the end; `previous` walks back by `key < before` and is null at the beginning. Rows
come in anywhere, so this list is not polled: whoever wants what is new asks for the last page again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rest_framework.request import Request

from puppies.api.pagination import link, read_cursor, read_limit
from puppies.errors import InvalidCursor
from puppies.looks import Look

Row = TypeVar("Row")
Pair = tuple[int, int]

BEFORE_ALL: Pair = (0, 0)
PREVIOUS = "The page before this one; null at the beginning of the list."


@dataclass(frozen=True, slots=True)
class PairWindow:
    """Which rows a page wants: the first `limit` with keys beyond `place`, upward, or downward when it looks `backward`."""

    limit: int
    place: Pair = BEFORE_ALL
    backward: bool = False


def paginate_pairs(
    request: Request,
    *,
    scope: str,
    fetch: Callable[[PairWindow], Sequence[Row]],
    key: Callable[[Row], Pair],
) -> tuple[list[Row], dict[str, str | None]]:
    """One page of rows, oldest first, and its `next` and `previous` links.

    `fetch` answers a PairWindow with at most `limit` rows, nearest to its place first. A Look that stopped early makes a page that is
    short, or empty, with a link to go on from there. Raises InvalidCursor, InvalidLimit.
    """
    limit = read_limit(request)
    window = _window(read_cursor(request, scope=scope), limit)
    rows = fetch(window)
    page = list(rows[:limit])
    end = _end(rows, [key(row) for row in page], more=len(rows) > limit)
    if window.backward:
        page.reverse()
    after, before = _ends(window, [key(row) for row in page], end)
    return page, {
        "next": after and link(request, scope=scope, place={"a": after}),
        "previous": before and link(request, scope=scope, place={"b": before}),
    }


def _window(place: dict[str, Any], limit: int) -> PairWindow:
    match place:
        case {} if not place:
            return PairWindow(limit + 1)
        case {"a": [int(first), int(second)]}:
            return PairWindow(limit + 1, (first, second))
        case {"b": [int(first), int(second)]}:
            return PairWindow(limit + 1, (first, second), backward=True)
    raise InvalidCursor


def _end(rows: Sequence[Row], keys: list[Pair], *, more: bool) -> Pair | None:
    """The key beyond which there may be more in the direction of the look."""
    if more:
        return keys[-1]
    return rows.until if isinstance(rows, Look) else None


def _ends(window: PairWindow, keys: list[Pair], end: Pair | None) -> tuple[Pair | None, Pair | None]:
    """After which key the next page begins, and before which the previous one ends; None where there is none.

    An empty page lies beyond its place, so that the way back from it includes that.
    """
    first, second = window.place
    if window.backward:
        return (keys[-1] if keys else (first, second - 1)), end
    is_begin = window.place == BEFORE_ALL
    before = keys[0] if keys else (first, second + 1)
    return end, (None if is_begin else before)
