"""I7 tried out: the probe's own work is done in time, and its feeds come as fast as they use to."""

import time
from collections.abc import Sequence
from statistics import median

from config.analytics.latency import buckets_of, quantile
from config.metrics_page import NotTold, read_samples
from config.verification.probe.people import Person
from feeds.oracle import rows

READS = 20
TIMES = 4
# What no reader calls slow, however fast the median is; a busy machine is not a fault.
ALWAYS_FINE_SECONDS = 0.1

OPEN = """
SELECT task, count(*) FROM puppies_delivery WHERE done_at IS NULL
   AND (payload @> jsonb_build_object('author_id', %(author)s) OR payload @> jsonb_build_object('follower_id', %(reader)s))
 GROUP BY task ORDER BY task
"""
WAITING = """
SELECT counter, count(*) FROM puppies_ledgerentry WHERE actor_id IN (%(author)s, %(reader)s) GROUP BY counter ORDER BY counter
"""


def wait_for_work(author: Person, reader: Person, *, seconds: float) -> list[str]:
    """What of the probe's work relay, workers and drain have not done in time."""
    names = {"author": author.id, "reader": reader.id}
    deadline = time.monotonic() + seconds
    while (left := rows(OPEN, names) + rows(WAITING, names)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [f"{count} of {what} waited longer than {seconds:.0f} s" for what, count in left]


def feed_is_slow(reader: Person, *, hosts: Sequence[str]) -> list[str]:
    """That the probe's median home feed takes 4 times as long as the API's since its start, and more than 0.1 s."""
    took = median(_seconds(reader) for _ in range(READS))
    usual = min((_usual_seconds(host) for host in hosts), default=0.0)
    most = max(TIMES * usual, ALWAYS_FINE_SECONDS)
    return [f"a home feed takes {took:.3f} s, as a rule {usual:.3f} s"] if took > most else []


def _seconds(reader: Person) -> float:
    begin = time.perf_counter()
    reader.send("GET", "/v1/feed")
    return time.perf_counter() - begin


def _usual_seconds(host: str) -> float:
    try:
        return quantile(buckets_of(read_samples(host)), 0.5) or 0.0
    except NotTold:
        return 0.0
