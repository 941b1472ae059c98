"""The drain: what has gathered in the ledger is added to the stored counts, each entry exactly once.

Subjects are claimed by locking their rows in id order *before* the ledger is read, so two drains never work on one subject at once;
removing the entries and raising the count commit together, so whatever reads both in one statement is exact at any moment, however
many of a subject's entries are still waiting; what else follows from entries (the notification of a like) commits with them too. A
transaction takes a bounded number of entries and a run a bounded time: what is left is the next run's.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import Error, connection, transaction

from accounts import counters as account_counters
from accounts import modes
from interactions.notifications.likes import notify_likes
from posts import counters as post_counters
from puppies import ledger
from puppies.sql import execute

logger = logging.getLogger(__name__)

SUBJECTS = 500
# Of one transaction: some tenths of a second, far from the longest statement allowed.
ENTRIES = 20_000
# Where each entry is written on: the recipient's inbox is held as long.
LIKES = 4_000
RUN_SECONDS = 5.0
# What one writer adds up at most: some hundredths of a second, and more than others can add meanwhile.
SHARE = 4 * ledger.LONG
# Nobody's request waits long for whoever holds what the drain needs besides the subject.
BRIEFLY = "SET LOCAL lock_timeout = '100ms'"


@dataclass(frozen=True, slots=True)
class Counter:
    """Where the count that the ledger calls `name` is stored, and what else changes with it: `{count}` is the new count.

    `follow_up` is given the (subject, actor) of each entry taken, the oldest first within a subject, in the same transaction; of which
    there are at most `most`. `is_tallied`: each batch leaves how many entries raised and lowered it (`puppies.models.DrainedTally`).
    """

    name: str
    table: str
    column: str
    also: str = ""
    follow_up: Callable[[Sequence[tuple[int, int]]], None] | None = None
    most: int = ENTRIES
    is_tallied: bool = False

    def apply(self) -> str:
        """The statement that takes entries and adds them up."""
        count = f"subject.{self.column} + total.delta"
        return APPLY.format(
            table=self.table,
            column=self.column,
            count=count,
            also=self.also.format(count=count),
            tally=TALLY if self.is_tallied else "",
            actors="array_agg(actor_id ORDER BY id)" if self.follow_up else "NULL::bigint[]",
        )


POST_LIKES = Counter(
    post_counters.LIKES, "posts_post", "like_count", follow_up=notify_likes, most=LIKES, is_tallied=True
)
FOLLOWERS = Counter(
    account_counters.FOLLOWERS,
    "accounts_user",
    "followers_count",
    also=f", fanout_mode = {modes.mode_at('{count}')}",
)
COUNTERS = (
    POST_LIKES,
    Counter(post_counters.COMMENTS, "posts_post", "comment_count"),
    FOLLOWERS,
    Counter(account_counters.FOLLOWING, "accounts_user", "following_count"),
    Counter(account_counters.POSTS, "accounts_user", "posts_count"),
)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction did: the entries it added up, and the subjects, in id order, that may have more of them."""

    entries: int
    unfinished: list[int]


# One probe of the index for each subject, however many entries it has; the LIMIT ends the recursion.
WAITING = """
WITH RECURSIVE waiting AS (
    (SELECT subject_id FROM puppies_ledgerentry
      WHERE counter = %(counter)s AND subject_id > %(after)s ORDER BY subject_id LIMIT 1)
    UNION ALL
    SELECT following.subject_id FROM waiting, LATERAL (
        SELECT subject_id FROM puppies_ledgerentry
         WHERE counter = %(counter)s AND subject_id > waiting.subject_id ORDER BY subject_id LIMIT 1
    ) AS following
)
SELECT subject_id FROM waiting LIMIT %(limit)s
"""

CLAIM = """
SELECT id FROM {table} WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""

APPLY = """
WITH taken AS (
    DELETE FROM puppies_ledgerentry WHERE id = ANY(ARRAY(
        SELECT entry.id FROM unnest(%(ids)s::bigint[]) AS claimed (id), LATERAL (
            SELECT id FROM puppies_ledgerentry
             WHERE counter = %(counter)s AND subject_id = claimed.id LIMIT %(share)s
        ) AS entry
    ))
    RETURNING id, subject_id, actor_id, delta
), total AS (
    SELECT subject_id, sum(delta) AS delta, count(*) AS entries, {actors} AS actors
      FROM taken GROUP BY subject_id
), stored AS (
    UPDATE {table} AS subject SET {column} = {count}{also}
      FROM total WHERE subject.id = total.subject_id
){tally}
SELECT subject_id, entries, actors FROM total ORDER BY subject_id
"""

# A row for thousands of likes, in the statement that takes them.
TALLY = """, tallied AS (
    INSERT INTO puppies_drainedtally (counter, raised, lowered)
    SELECT %(counter)s, count(*) FILTER (WHERE delta > 0), count(*) FILTER (WHERE delta < 0) FROM taken HAVING count(*) > 0
)"""


def drain() -> int:
    """Drain all counters, taking turns, until nothing that is free is left or the run's time is over; how many entries were added up."""
    entries, end = 0, time.monotonic() + RUN_SECONDS
    turns = deque(_batches(counter) for counter in COUNTERS)
    while turns and time.monotonic() < end:
        batch = next(turns[0], None)
        if batch is None:
            turns.popleft()
        else:
            entries += batch.entries
            turns.rotate(-1)
    return entries


def _batches(counter: Counter) -> Iterator[Batch]:
    """Walk through the waiting subjects again and again while the last walk left any of them unfinished."""
    is_unfinished = True
    while is_unfinished:
        is_unfinished = False
        for batch in _walk(counter):
            yield batch
            is_unfinished = is_unfinished or bool(batch.unfinished)


def _walk(counter: Counter) -> Iterator[Batch]:
    after = 0
    while subject_ids := _waiting(counter, after=after):
        batch = drain_batch(counter, subject_ids=subject_ids)
        yield batch
        if batch.unfinished:
            # Without the others each has a larger share.
            yield drain_batch(counter, subject_ids=batch.unfinished)
        after = subject_ids[-1]


def _waiting(counter: Counter, *, after: int) -> list[int]:
    names: dict[str, Any] = {"counter": counter.name, "after": after, "limit": SUBJECTS}
    with connection.cursor() as cursor:
        cursor.execute(WAITING, names)
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def drain_batch(counter: Counter, *, subject_ids: list[int], most: int | None = None) -> Batch:
    """Drain those of these subjects that no other drain holds, each by an equal share of `most` entries or what a transaction takes."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM.format(table=counter.table), {"ids": subject_ids})
        ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return Batch(0, [])
        share = max(min(counter.most, ENTRIES, most or ENTRIES) // len(ids), 1)
        names: dict[str, Any] = {"counter": counter.name, "ids": ids, "share": share, **modes.thresholds()}
        cursor.execute(counter.apply(), names)
        taken = cursor.fetchall()
    if counter.follow_up:
        counter.follow_up([(subject, actor) for subject, _, actors in taken for actor in actors])
    return Batch(
        sum(entries for _, entries, _ in taken),
        [subject for subject, entries, _ in taken if entries == share],
    )


def add_up(counter: Counter, subject_id: int) -> None:
    """Do the drain's work for one subject that has much of it. Never raises: the next writer tries again."""
    try:
        with transaction.atomic():
            execute(BRIEFLY, {})
            drain_batch(counter, subject_ids=[subject_id], most=SHARE)
    except Error as error:
        logger.warning(
            "not_added_up counter=%s subject_id=%s error=%s", counter.name, subject_id, str(error).strip()
        )


for _counter in (POST_LIKES, FOLLOWERS):
    ledger.added_up_by(_counter.name, partial(add_up, _counter))
