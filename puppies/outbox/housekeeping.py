"""Finished deliveries are removed, a batch a transaction."""

from django.db import connection

BATCH = 1_000

REMOVE_DONE = """
DELETE FROM puppies_delivery
 WHERE id IN (SELECT id FROM puppies_delivery
               WHERE done_at < now() - make_interval(secs => %(keep)s)
               ORDER BY done_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
"""


def remove_done(*, keep_seconds: int) -> int:
    """Remove deliveries finished longer ago than `keep_seconds`; how many."""
    removed = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(REMOVE_DONE, {"keep": keep_seconds, "limit": BATCH})
            batch = int(cursor.rowcount)
            removed += batch
            if batch < BATCH:
                return removed
