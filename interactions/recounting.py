"""Counts compared with their rows, a batch of subjects in one statement, and so of one snapshot: what goes on meanwhile is no drift.

Nothing but a bug, or SQL by hand, makes a count wrong. A periodic walk goes round all accounts and posts and tells what it found by a
metric that must stay 0; `manage.py reconcile_counters` does a whole round at once, and repairs.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now

from accounts import modes
from interactions.draining import COUNTERS, Counter
from interactions.models import RecountRound
from interactions.truths import KEPT, TRUTHS, shown

logger = logging.getLogger(__name__)

BATCH = 200
RUN_SECONDS = 10.0
ROUND = "counters"
# Under which a round remembers how many subjects it could not recount, beside what it found wrong with each counter.
UNCOUNTED = "uncounted"
# What a statement that takes too long ends with; the second where the server ended the connection.
FAILURES = (OperationalError, InterfaceError)
# Rows of one loved subject are counted one by one, and a round must not stop there for ever. Where most rows are of one subject, the
# planner would read the table whole for each of the others. The timer of a transaction runs from its beginning: only turning it off and
# on again sets it anew.
PATIENTLY = """
SET LOCAL statement_timeout = '2min'; SET LOCAL transaction_timeout = 0; SET LOCAL transaction_timeout = '3min';
SET LOCAL enable_seqscan = off
"""

# Ids of accounts and posts come from one source, so that one number is the place in both.
SUBJECTS = """
SELECT id FROM ((SELECT id FROM accounts_user WHERE id > %(after)s ORDER BY id LIMIT %(limit)s)
          UNION (SELECT id FROM posts_post WHERE id > %(after)s ORDER BY id LIMIT %(limit)s)) AS subject
 ORDER BY id LIMIT %(limit)s
"""

DRIFT = """
SELECT '{name}' AS counter, id, difference FROM (
    SELECT subject.id, {truth} - ({shown}) AS difference
      FROM {table} AS subject WHERE subject.id = ANY(%(ids)s) AND {kept}) AS subject
 WHERE difference <> 0
"""

LOCK = "SELECT id FROM {table} WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE"
REPAIR = """
UPDATE {table} AS subject SET {column} = subject.{column} + drift.difference{also}
  FROM ({drift}) AS drift WHERE drift.id = subject.id
RETURNING subject.id, drift.difference
"""


@dataclass(frozen=True, slots=True)
class Drift:
    """A wrong count: `difference` is what it lacks, negative when it is too high."""

    counter: str
    subject_id: int
    difference: int

    def __str__(self) -> str:
        return f"{self.counter} of {self.subject_id} is wrong by {-self.difference:+d}"


@dataclass(frozen=True, slots=True)
class Recounted:
    """One batch: subjects looked at, the last of them (None when none was left), what was wrong, and which could not be recounted."""

    examined: int
    last: int | None
    drifts: list[Drift]
    uncounted: list[int]


def drift_sql(counter: Counter) -> str:
    """The subjects among `ids` whose count is not the number of its rows."""
    return DRIFT.format(
        name=counter.name,
        truth=TRUTHS[counter.name].number_of("subject.id"),
        shown=shown(counter),
        table=counter.table,
        kept=KEPT[counter.table],
    )


ALL_DRIFT = " UNION ALL ".join(f"({drift_sql(counter)})" for counter in COUNTERS) + " ORDER BY counter, id"


def recount_batch(*, after: int) -> Recounted:
    """Recount what belongs to the next 200 accounts and posts above `after`."""
    with connection.cursor() as cursor:
        cursor.execute(SUBJECTS, {"after": after, "limit": BATCH})
        ids = [row[0] for row in cursor.fetchall()]
    drifts, uncounted = halving(drifts_of, ids)
    return Recounted(len(ids), ids[-1] if ids else None, drifts, uncounted)


def halving(work: Callable[[list[int]], list[Drift]], ids: list[int]) -> tuple[list[Drift], list[int]]:
    """What `work` answers for all of these subjects, in halves where it fails; and those for which it fails alone, which are logged.

    Raises what a server that is away raises: then nothing is known of any subject.
    """
    try:
        return work(ids), []
    except FAILURES:
        _reconnect()
        if len(ids) == 1:
            logger.exception("recount_failed subject=%s", ids[0])
            return [], ids
    middle = len(ids) // 2
    lower, upper = halving(work, ids[:middle]), halving(work, ids[middle:])
    return lower[0] + upper[0], lower[1] + upper[1]


def _reconnect() -> None:
    """Have a connection again. Raises OperationalError when the server is away."""
    if not connection.is_usable():
        connection.close()
    connection.ensure_connection()


def drifts_of(subject_ids: list[int]) -> list[Drift]:
    """What is wrong with any count of these accounts and posts, of one snapshot."""
    if not subject_ids:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PATIENTLY)
        cursor.execute(ALL_DRIFT, {"ids": subject_ids})
        return [
            Drift(counter, subject, int(difference)) for counter, subject, difference in cursor.fetchall()
        ]


def repair(drifts: list[Drift]) -> list[Drift]:
    """Put right what is still wrong with these; what was repaired. Everybody may go on meanwhile."""
    repaired = []
    for counter in COUNTERS:
        if ids := [drift.subject_id for drift in drifts if drift.counter == counter.name]:
            repaired += halving(partial(_repair, counter), ids)[0]
    return repaired


@transaction.atomic
def _repair(counter: Counter, ids: list[int]) -> list[Drift]:
    """The subjects are locked as by the drain, before anything is counted: a drain in between would be in one number and not in the
    other. A like beside it is in both or in neither.
    """
    names: dict[str, Any] = {"ids": ids, **modes.thresholds()}
    with connection.cursor() as cursor:
        cursor.execute(PATIENTLY)
        cursor.execute(LOCK.format(table=counter.table), {"ids": ids})
        cursor.execute(repair_sql(counter), names)
        repaired = [
            Drift(counter.name, subject, int(difference)) for subject, difference in cursor.fetchall()
        ]
    for drift in repaired:
        logger.warning("counter_repaired %s", drift)
    return repaired


def repair_sql(counter: Counter) -> str:
    """The statement that adds what the counts of `ids` lack."""
    also = counter.also.format(count=f"subject.{counter.column} + drift.difference")
    return REPAIR.format(table=counter.table, column=counter.column, also=also, drift=drift_sql(counter))


def sweep() -> int:
    """Recount on from where the last sweep ended, for some seconds or to the end of the round; how many counts were wrong."""
    wrong, end = 0, time.monotonic() + RUN_SECONDS
    while True:
        place, _ = RecountRound.objects.get_or_create(name=ROUND)
        done = recount_batch(after=place.position)
        if not _advance(place, done):
            # Another sweep is at work.
            return wrong
        for drift in done.drifts:
            logger.error("counter_drift %s", drift)
        wrong += len(done.drifts)
        if done.last is None or time.monotonic() >= end:
            return wrong


def _advance(place: RecountRound, done: Recounted) -> bool:
    """Remember what a batch found; at the end of a round, all that the round found. False when another has gone on from this place."""
    found = dict(place.found)
    for drift in done.drifts:
        found[drift.counter] = found.get(drift.counter, 0) + 1
    if done.uncounted:
        found[UNCOUNTED] = found.get(UNCOUNTED, 0) + len(done.uncounted)
    changes: dict[str, Any] = {"position": done.last, "found": found}
    if done.last is None:
        changes = {
            "position": 0,
            "found": {},
            "last_found": found,
            "ended_at": Now(),
            "rounds": place.rounds + 1,
        }
    here = RecountRound.objects.filter(name=place.name, position=place.position, rounds=place.rounds)
    return here.update(**changes) == 1
