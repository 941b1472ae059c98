"""The state of a stored feed: whoever merges, purges, trims, rebuilds or puts to sleep locks it first, then looks, then writes."""

from django.db import connection
from django.db.models import F

from feeds.models import FeedState

# Keeps the row from being made by two at once without an error for either.
ENSURE = "INSERT INTO feeds_feedstate (user_id) VALUES (%s) ON CONFLICT DO NOTHING"


def lock_state(*, user_id: int) -> FeedState:
    """The feed's state, made when it was not there, locked until the transaction ends."""
    _ensure(user_id)
    return FeedState.objects.select_for_update(no_key=True).get(user_id=user_id)


def lock_state_if_free(*, user_id: int) -> FeedState | None:
    """The same without waiting: None when somebody else holds it."""
    _ensure(user_id)
    return FeedState.objects.select_for_update(no_key=True, skip_locked=True).filter(user_id=user_id).first()


def change_state(state: FeedState, *, floor: int | None = None, status: str | None = None) -> None:
    """Write what changed of a locked state, and the next version."""
    state.floor = state.floor if floor is None else floor
    state.status = status or state.status
    FeedState.objects.filter(user_id=state.user_id).update(
        floor=state.floor, status=state.status, version=F("version") + 1
    )


def _ensure(user_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(ENSURE, [user_id])
