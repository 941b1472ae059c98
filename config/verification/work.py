"""I4: deliveries and the ledger drain, and nothing waits for work that nobody will do."""

import time
from typing import Any

from config.verification.results import Options, Result, result
from feeds.oracle import rows, snapshot

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


def work(options: Options) -> list[Result]:
    """Deliveries, whatever waits for one, and the ledger."""
    return [*deliveries(options), *outbox(), *ledger(options)]


def deliveries(options: Options) -> list[Result]:
    """No delivery is dead, none is overdue by more than the grace."""
    findings = [
        f"delivery {identifier} of {task} is dead: {error.strip().rsplit(chr(10), 1)[-1]}"
        if is_dead
        else f"delivery {identifier} of {task} is overdue by {late} s"
        for identifier, task, is_dead, late, error in rows(BAD_DELIVERIES, [options.grace_seconds])
    ]
    return [result("I4", "no delivery is overdue or dead", _number(OPEN_DELIVERIES), findings)]


def outbox() -> list[Result]:
    """Whatever waits for a task has an open delivery that will start it."""
    with snapshot():
        findings = [row[0] for row in rows(ORPHANS)]
        return [result("I4", "unfinished work has its delivery", _number(UNFINISHED), findings)]


def ledger(options: Options) -> list[Result]:
    """Every entry that is there now has been added up when the grace is over; waits until then at most."""
    newest, held = rows("SELECT max(id), count(*) FROM puppies_ledgerentry")[0]
    deadline = time.monotonic() + options.grace_seconds
    while (left := _left(newest)) and time.monotonic() < deadline:
        time.sleep(0.25)
    findings = [
        f"{count} entries of {counter} still wait after {options.grace_seconds} s" for counter, count in left
    ]
    return [result("I4", "the ledger drains", held, findings)]


def _number(sql: str) -> int:
    return int(rows(sql)[0][0])


def _left(newest: int | None) -> list[tuple[Any, ...]]:
    sql = "SELECT counter, count(*) FROM puppies_ledgerentry WHERE id <= %s GROUP BY counter ORDER BY counter"
    return rows(sql, [newest])
