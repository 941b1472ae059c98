"""Stored feeds keep about `FEED_KEEP` entries: what is older is read from the posts, which a feed's floor tells.

The floor is the oldest entry kept. It rises in the transaction that removes what is below, and readers see both in one statement.
"""

import time
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from feeds.models import FeedEntry, Sweep
from feeds.states import change_state, ensure_states, lock_state
from puppies.sql import execute

BATCH = 500
SWEEP = "trim"
RUN_SECONDS = 20.0

# Accounts in id order with what is to be done: whether there is a state, and whether the stored feed is more than it should be. That is
# a fifth above what it keeps, so that a feed is trimmed once for many posts; for a sleeper it is anything at all. One probe each.
LOOK = """
SELECT account.id, state.user_id IS NULL AND account.state = 'active',
       (SELECT true FROM feeds_feedentry WHERE user_id = account.id ORDER BY feed_id DESC
        OFFSET CASE WHEN state.status = 'asleep' THEN 0 ELSE %(most)s END LIMIT 1) IS NOT NULL
  FROM accounts_user AS account LEFT JOIN feeds_feedstate AS state ON state.user_id = account.id
 WHERE account.id > %(after)s ORDER BY account.id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Trimmed:
    """One batch: accounts looked at, the last of them (None when none was left), feeds above their size, entries removed."""

    examined: int
    last: int | None
    feeds: int
    entries: int


@transaction.atomic
def trim_feed(*, user_id: int) -> int:
    """Keep the newest `FEED_KEEP` entries of a stored feed; how many were removed."""
    state = lock_state(user_id=user_id)
    if state is None:
        return 0
    kept = FeedEntry.objects.filter(user_id=user_id, feed_id__gte=state.floor).order_by("-feed_id")
    last = settings.FEED_KEEP - 1
    oldest = list(kept.values_list("feed_id", flat=True)[last : last + 2])
    floor = oldest[0] if len(oldest) == 2 else state.floor
    removed = execute(
        "DELETE FROM feeds_feedentry WHERE user_id = %(user)s AND feed_id < %(floor)s",
        {"user": user_id, "floor": floor},
    )
    if removed:
        change_state(state, floor=floor)
    return removed


def trim_batch(*, after: int, is_dry_run: bool = False) -> Trimmed:
    """Look at the next 500 accounts above `after`, give those without a state one, and trim the feeds that are too long."""
    names = {"after": after, "limit": BATCH, "most": settings.FEED_KEEP + settings.FEED_KEEP // 5}
    with connection.cursor() as cursor:
        cursor.execute(LOOK, names)
        rows = cursor.fetchall()
    long = [user_id for user_id, _, is_long in rows if is_long]
    entries = 0
    if not is_dry_run:
        ensure_states(user_ids=[user_id for user_id, is_stateless, _ in rows if is_stateless])
        entries = sum(trim_feed(user_id=user_id) for user_id in long)
    return Trimmed(len(rows), rows[-1][0] if rows else None, len(long), entries)


def sweep() -> int:
    """Trim on from where the last sweep ended, for some seconds or to the last account; how many entries were removed."""
    position = Sweep.objects.filter(name=SWEEP).values_list("position", flat=True).first() or 0
    removed, end = 0, time.monotonic() + RUN_SECONDS
    while True:
        done = trim_batch(after=position)
        removed += done.entries
        position = done.last or 0
        Sweep.objects.update_or_create(name=SWEEP, defaults={"position": position})
        if done.last is None or time.monotonic() >= end:
            return removed
