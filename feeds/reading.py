"""Reading the home feed, which leaves a trace: once a day it is written down that the reader was here, and a sleeper wakes up."""

from collections.abc import Sequence

from feeds import selectors
from feeds.selectors import HomeItem, Reading
from feeds.sleeping import record_sighting


def read_older(*, reader_id: int, session_id: int, limit: int, before: int) -> list[HomeItem]:
    """The `limit` newest posts below `before`. Raises SessionEnded."""
    found = selectors.older_items(reader_id=reader_id, session_id=session_id, limit=limit, before=before)
    return _seen(reader_id, found)


def read_newer(
    *, reader_id: int, session_id: int, limit: int, after: int, shown: Sequence[int]
) -> list[HomeItem]:
    """The `limit` posts just above `after` but for those `shown`, the oldest first. Raises SessionEnded."""
    found = selectors.newer_items(
        reader_id=reader_id, session_id=session_id, limit=limit, after=after, shown=shown
    )
    return _seen(reader_id, found)


def _seen(reader_id: int, found: Reading) -> list[HomeItem]:
    if found.is_sighting_due:
        record_sighting(user_id=reader_id)
    return found.items
