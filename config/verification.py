"""The promises of the system checked on live data: `manage.py verify`.

Each check reads one snapshot, so writes that go on meanwhile are no findings. Nothing is changed. What the feeds should hold is asked of
the oracle (`feeds.oracle`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from feeds.oracle import claim_faults, feed_faults, rows, snapshot, walk_and_oracle, walk_faults
from interactions.draining import COUNTERS, Counter
from interactions.truths import KEPT, TRUTHS

MAX_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Options:
    """How much is looked at. `readers` 0 means all; `posts` per reader; seconds an open delivery and the ledger are given."""

    readers: int
    posts: int
    page: int
    grace_seconds: int


@dataclass(frozen=True, slots=True)
class Result:
    """One promise: how many things were examined, how many break it, and the first of these in words."""

    promise: str
    name: str
    examined: int
    broken: int
    findings: tuple[str, ...]


COUNTS = """
SELECT subject.id, subject.{column} + coalesce(ledger.delta, 0), coalesce(truth.number, 0)
  FROM {table} AS subject
  LEFT JOIN ({truth}) AS truth ON truth.subject = subject.id
  LEFT JOIN (SELECT subject_id, sum(delta) AS delta FROM puppies_ledgerentry
              WHERE counter = '{name}' GROUP BY subject_id) AS ledger ON ledger.subject_id = subject.id
 WHERE subject.{column} + coalesce(ledger.delta, 0) <> coalesce(truth.number, 0) AND {kept}
 ORDER BY subject.id
"""

# Readers at even distances over all ids, so that a sample meets old accounts and new ones.
READERS = """
SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS size
                  FROM accounts_user WHERE state = 'active') AS reader
 WHERE %(readers)s = 0 OR size <= %(readers)s OR (place * %(readers)s) / size <> ((place - 1) * %(readers)s) / size
 ORDER BY id
"""

OPEN_DELIVERIES = "SELECT count(*) FROM puppies_delivery WHERE done_at IS NULL"
BAD_DELIVERIES = """
SELECT id, task, dead_at IS NOT NULL, extract(epoch FROM now() - due_at)::bigint, error FROM puppies_delivery
 WHERE done_at IS NULL AND (dead_at IS NOT NULL OR due_at < now() - make_interval(secs => %s)) ORDER BY id
"""

ORPHANS = """
SELECT format('post %s is being pushed and has no open delivery', post.id) FROM posts_post AS post
 WHERE post.delivery = 'pushing' AND post.state <> 'waiting' AND NOT EXISTS (
       SELECT 1 FROM puppies_delivery WHERE done_at IS NULL AND task = 'feeds.fan_out_post'
          AND payload @> jsonb_build_object('post_id', post.id))
UNION ALL
SELECT format('the follow of %s by %s is not merged and has no open delivery', followee_id, follower_id)
  FROM accounts_follow AS follow
 WHERE NOT follow.merged AND NOT EXISTS (
       SELECT 1 FROM puppies_delivery WHERE done_at IS NULL AND task = 'feeds.merge_follow'
          AND payload @> jsonb_build_object('follower_id', follower_id, 'followee_id', followee_id))
UNION ALL
SELECT format('the feed of %s is awake with nothing stored and has no open delivery', user_id) FROM feeds_feedstate
 WHERE status = 'awake' AND floor = 9223372036854775807 AND NOT EXISTS (
       SELECT 1 FROM puppies_delivery WHERE done_at IS NULL AND task = 'feeds.rebuild_feed'
          AND payload @> jsonb_build_object('user_id', user_id))
"""
UNFINISHED = """
SELECT (SELECT count(*) FROM posts_post WHERE delivery = 'pushing') + (SELECT count(*) FROM accounts_follow WHERE NOT merged)
     + (SELECT count(*) FROM feeds_feedstate WHERE status = 'awake' AND floor = 9223372036854775807)
"""


def verify(options: Options) -> list[Result]:
    """Check every promise that can be checked from the data; the results in a fixed order."""
    checks: tuple[Callable[[Options], list[Result]], ...] = (counts, feeds, deliveries, outbox, ledger)
    return [result for check in checks for result in check(options)]


def counts(_: Options) -> list[Result]:
    """I2: what each row stores plus what the ledger holds equals the rows counted."""
    with snapshot():
        return [_count(counter) for counter in COUNTERS]


def feeds(options: Options) -> list[Result]:
    """I3 and I6: each reader's home feed, walked page by page, is the oracle's list, in order, each post once, and what it stores is
    what it claims.
    """
    readers = [row[0] for row in rows(READERS, {"readers": options.readers})]
    wrong, restless, lacking = list[str](), list[str](), list[str]()
    for reader in readers:
        with snapshot():
            walked, expected = walk_and_oracle(reader_id=reader, posts=options.posts, page=options.page)
            lacking += claim_faults(reader_id=reader)
        wrong += feed_faults(reader, walked, expected)
        restless += walk_faults(reader, walked, expected)
    return [
        _result("I3", "feeds equal the oracle", len(readers), wrong),
        _result("I3", "stored feeds hold what they claim", len(readers), lacking),
        _result("I6", "page walks are in order, each post once", len(readers), restless),
    ]


def deliveries(options: Options) -> list[Result]:
    """I4: no delivery is dead, none is overdue by more than the grace."""
    findings = [
        f"delivery {identifier} of {task} is dead: {error.strip().rsplit(chr(10), 1)[-1]}"
        if is_dead
        else f"delivery {identifier} of {task} is overdue by {late} s"
        for identifier, task, is_dead, late, error in rows(BAD_DELIVERIES, [options.grace_seconds])
    ]
    return [_result("I4", "no delivery is overdue or dead", _number(OPEN_DELIVERIES), findings)]


def outbox(_: Options) -> list[Result]:
    """I4: whatever waits for a task has an open delivery that will start it."""
    with snapshot():
        findings = [row[0] for row in rows(ORPHANS)]
        return [_result("I4", "unfinished work has its delivery", _number(UNFINISHED), findings)]


def ledger(options: Options) -> list[Result]:
    """I4: every entry that is there now has been added up when the grace is over; waits until then at most."""
    newest, held = rows("SELECT max(id), count(*) FROM puppies_ledgerentry")[0]
    deadline = time.monotonic() + options.grace_seconds
    while (left := _left(newest)) and time.monotonic() < deadline:
        time.sleep(0.25)
    findings = [
        f"{count} entries of {counter} still wait after {options.grace_seconds} s" for counter, count in left
    ]
    return [_result("I4", "the ledger drains", held, findings)]


def _number(sql: str) -> int:
    return int(rows(sql)[0][0])


def _left(newest: int | None) -> list[tuple[Any, ...]]:
    sql = "SELECT counter, count(*) FROM puppies_ledgerentry WHERE id <= %s GROUP BY counter ORDER BY counter"
    return rows(sql, [newest])


def _count(counter: Counter) -> Result:
    names = {"name": counter.name, "table": counter.table, "column": counter.column}
    wrong = rows(COUNTS.format(truth=TRUTHS[counter.name].of_all(), kept=KEPT[counter.table], **names))
    findings = [
        f"{counter.name} of {subject} is {stated}, the rows are {true}" for subject, stated, true in wrong
    ]
    examined = _number(f"SELECT count(*) FROM {counter.table}")  # noqa: S608 - a constant of the drain
    return _result("I2", f"{counter.name} equals its rows", examined, findings)


def _result(promise: str, name: str, examined: int, findings: list[str]) -> Result:
    return Result(promise, name, examined, len(findings), tuple(findings[:MAX_FINDINGS]))
