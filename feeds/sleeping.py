"""Readers who are away: their stored feeds are emptied and fan-outs pass them over, until they are back.

Asleep, a feed's floor is above every post, so that all of it is read from the posts: whoever returns is served at once. Waking commits
first that fan-outs write again, with the floor still up there; only a task that starts after that commit reads posts and lowers the
floor. A fan-out that passed the sleeper over had its post committed before, so that the task finds it.
"""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error, transaction
from django.db.models.functions import Now
from django.utils import timezone

from feeds.events import FeedWoken
from feeds.models import FeedEntry, FeedState
from feeds.states import change_state, lock_state, lock_state_if_free
from puppies.events import publish
from puppies.ids import MAX_ID

BATCH = 500
RUN_SECONDS = 20.0

logger = logging.getLogger(__name__)


def record_sighting(*, user_id: int) -> None:
    """Remember that the reader was here, and wake its feed. Never raises: a reader gets its feed also when this cannot be written."""
    try:
        _record(user_id)
    except Error as error:
        logger.warning("sighting_not_recorded user_id=%s error=%s", user_id, str(error).strip())


@transaction.atomic
def _record(user_id: int) -> None:
    # Whoever holds the state now is a task; the next request is soon enough.
    state = lock_state_if_free(user_id=user_id)
    if state is None:
        return
    FeedState.objects.filter(user_id=user_id).update(seen_at=Now())
    if state.status == FeedState.Status.ASLEEP:
        change_state(state, floor=MAX_ID, status=FeedState.Status.AWAKE)
        publish(FeedWoken(user_id=user_id))


@transaction.atomic
def put_reader_to_sleep(*, user_id: int) -> bool:
    """Empty the stored feed of a reader who was not seen for `FEED_SLEEP_DAYS`; False when it was seen, sleeps, or is gone."""
    state = lock_state(user_id=user_id)
    if state is None or state.status == FeedState.Status.ASLEEP or state.seen_at >= _longest_ago():
        return False
    change_state(state, floor=MAX_ID, status=FeedState.Status.ASLEEP)
    FeedEntry.objects.filter(user_id=user_id).delete()
    return True


def put_absent_to_sleep() -> int:
    """Put readers to sleep who were not seen for long, the longest first, for some seconds at most; how many."""
    count, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        absent = FeedState.objects.filter(status=FeedState.Status.AWAKE, seen_at__lt=_longest_ago())
        user_ids = list(absent.order_by("seen_at").values_list("user_id", flat=True)[:BATCH])
        count += sum(put_reader_to_sleep(user_id=user_id) for user_id in user_ids)
        if len(user_ids) < BATCH:
            break
    return count


def _longest_ago() -> datetime:
    return timezone.now() - timedelta(days=settings.FEED_SLEEP_DAYS)
