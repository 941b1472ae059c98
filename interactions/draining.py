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

WAITING = """
SELECT DISTINCT subject_id FROM puppies_ledgerentry
 WHERE counter = %(counter)s AND subject_id > %(after)s ORDER BY subject_id LIMIT %(limit)s
"""

CLAIM = """
SELECT id FROM {table} WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
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
    while subject_ids := _waiting(counter, after=after):
        drained += len(drain_batch(counter, subject_ids=subject_ids))
        after = subject_ids[-1]
    return drained


def _waiting(counter: Counter, *, after: int) -> list[int]:
    names: dict[str, Any] = {"counter": counter.name, "after": after, "limit": SUBJECTS}
    with connection.cursor() as cursor:
        cursor.execute(WAITING, names)
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def drain_batch(counter: Counter, *, subject_ids: list[int]) -> list[int]:
    """Drain those of these subjects that no other drain holds; their ids in order."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM.format(table=counter.table), {"ids": subject_ids})
        ids = [row[0] for row in cursor.fetchall()]
        if ids:
            sql = APPLY.format(table=counter.table, column=counter.column)
            cursor.execute(sql, {"counter": counter.name, "ids": ids})
    return ids
