"""The state of a stored feed: whoever merges, purges, trims, rebuilds or puts to sleep locks it first, then looks, then writes."""

from collections.abc import Collection

from django.db.models import F

from feeds.models import FeedState
from puppies.sql import execute

# Keeps a row from being made by two at once without an error for either. An account that is being erased gets none any more, so that
# none is left of one that is gone.
ENSURE = """
INSERT INTO feeds_feedstate (user_id)
SELECT id FROM accounts_user WHERE id = ANY(%(ids)s) AND state <> 'purging' ORDER BY id ON CONFLICT DO NOTHING
"""
LOCK = "SELECT user_id FROM feeds_feedstate WHERE user_id = ANY(%(ids)s) ORDER BY user_id FOR NO KEY UPDATE"


def lock_state(*, user_id: int) -> FeedState | None:
    """The feed's state, made when it was not there, locked until the transaction ends; None when the account is gone or nearly so."""
    ensure_states(user_ids=[user_id])
    return FeedState.objects.select_for_update(no_key=True).filter(user_id=user_id).first()


def lock_state_if_free(*, user_id: int) -> FeedState | None:
    """The same without waiting: None also when somebody else holds it."""
    ensure_states(user_ids=[user_id])
    return FeedState.objects.select_for_update(no_key=True, skip_locked=True).filter(user_id=user_id).first()


def lock_states(*, user_ids: Collection[int]) -> None:
    """Lock the states of many, in the order of ids, so that two who do so never wait for each other."""
    ensure_states(user_ids=user_ids)
    execute(LOCK, {"ids": list(user_ids)})


def change_state(state: FeedState, *, floor: int | None = None, status: str | None = None) -> None:
    """Write what changed of a locked state, and the next version."""
    state.floor = state.floor if floor is None else floor
    state.status = status or state.status
    FeedState.objects.filter(user_id=state.user_id).update(
        floor=state.floor, status=state.status, version=F("version") + 1
    )


def ensure_states(*, user_ids: Collection[int]) -> None:
    """Make the states that are not there."""
    execute(ENSURE, {"ids": list(user_ids)})
