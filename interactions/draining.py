"""The drain: what has gathered in the ledger is added to the stored counts, each entry exactly once.

Whole subjects are claimed by locking their rows in id order *before* the ledger is read, so two drains never split the +1 and the −1 of
one subject; removing the entries and raising the count commit together, so whatever reads both in one statement is exact at any moment.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from accounts import counters as account_counters
from posts import counters as post_counters

SUBJECTS = 500


@dataclass(frozen=True, slots=True)
class Counter:
    """Where the count that the ledger calls `name` is stored."""

    name: str
    table: str
    column: str


COUNTERS = (
    Counter(post_counters.LIKES, "posts_post", "like_count"),
    Counter(post_counters.COMMENTS, "posts_post", "comment_count"),
    Counter(account_counters.FOLLOWERS, "accounts_user", "followers_count"),
    Counter(account_counters.FOLLOWING, "accounts_user", "following_count"),
    Counter(account_counters.POSTS, "accounts_user", "posts_count"),
)

CLAIM = """
SELECT subject.id FROM {table} AS subject
 WHERE subject.id IN (SELECT DISTINCT subject_id FROM puppies_ledgerentry
                       WHERE counter = %(counter)s AND subject_id > %(after)s ORDER BY subject_id LIMIT %(limit)s)
 ORDER BY subject.id FOR NO KEY UPDATE SKIP LOCKED
"""

APPLY = """
WITH taken AS (
    DELETE FROM puppies_ledgerentry WHERE counter = %(counter)s AND subject_id = ANY(%(ids)s)
    RETURNING subject_id, delta
), total AS (
    SELECT subject_id, sum(delta) AS delta FROM taken GROUP BY subject_id
)
UPDATE {table} AS subject SET {column} = subject.{column} + total.delta
  FROM total WHERE subject.id = total.subject_id
"""


def drain() -> int:
    """Drain every counter until nothing that is free is left; the number of subjects brought up to date."""
    return sum(_drain_counter(counter) for counter in COUNTERS)


def _drain_counter(counter: Counter) -> int:
    drained = after = 0
    while True:
        ids = drain_batch(counter, after=after)
        drained += len(ids)
        if not ids:
            return drained
        after = ids[-1]


@transaction.atomic
def drain_batch(counter: Counter, *, after: int = 0) -> list[int]:
    """Drain up to 500 subjects with ids above `after`, passing over those another drain holds; their ids in order."""
    with connection.cursor() as cursor:
        names: dict[str, Any] = {"counter": counter.name, "limit": SUBJECTS, "after": after}
        cursor.execute(CLAIM.format(table=counter.table), names)
        ids = [row[0] for row in cursor.fetchall()]
        if ids:
            sql = APPLY.format(table=counter.table, column=counter.column)
            cursor.execute(sql, {"counter": counter.name, "ids": ids})
    return ids
