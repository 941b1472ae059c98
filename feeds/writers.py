"""Waiting for whoever writes to the database at this moment, without keeping anybody from writing.

A fan-out holds nothing of its readers: it looks who follows, then writes. So what it looked up may be gone when its rows are committed.
Whoever has removed what fan-outs look up, and then waits here, meets everything that they wrote. PostgreSQL's own `CREATE INDEX
CONCURRENTLY` outlasts old transactions in the same way.
"""

import time

from django.db import connection

# A worker that waits does nothing else; the delivery comes again, later each time.
WAIT_SECONDS = 2.0
PAUSE_SECONDS = 0.05

# A transaction that writes, or locks rows, holds its own number from then on as long as it runs; one that got it later has a higher number.
# So whoever locks before it looks, as every task does with its delivery, has either a lower number and is waited for, or sees what was
# committed before this transaction began. Other databases of the server do not matter, nor does who only reads.
IS_WRITING = """
SELECT EXISTS (
    SELECT FROM pg_locks AS held JOIN pg_stat_activity AS other ON other.pid = held.pid
     WHERE held.locktype = 'transactionid' AND held.mode = 'ExclusiveLock' AND held.granted
       AND other.datname = current_database() AND other.pid <> pg_backend_pid()
       AND age(held.transactionid) > age(pg_current_xact_id()::xid))
"""


class WritersStillRun(RuntimeError):
    """A transaction that had written before this one began did not end for long; the delivery comes again."""


def wait_for_older_writers() -> bool:
    """Return False, nothing left to do, once every transaction that had begun to write before this one has ended.

    Call it in a transaction that begins after what the others shall have seen was committed. It sees what they wrote from its next
    statement on. Raises WritersStillRun after two seconds.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while _is_writing():
        if time.monotonic() >= deadline:
            raise WritersStillRun(f"A transaction older than this one still runs after {WAIT_SECONDS:.0f} s.")
        time.sleep(PAUSE_SECONDS)
    return False


def _is_writing() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(IS_WRITING)
        (found,) = cursor.fetchone()
    return bool(found)
