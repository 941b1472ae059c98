"""How long the home feed took on a day, from what each API tells Prometheus.

An API's histogram counts since its start. What it counted since it was last asked is added to the day at hand; after a restart that is
all of it. What an API counted in the minute before it ended, and before it was asked for the first time, is in no row.
"""

import logging
from collections.abc import Iterable, Mapping
from itertools import accumulate, pairwise

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from prometheus_client.samples import Sample

from config.analytics.counting import begin_day
from config.analytics.models import DailyFigures, ScrapedApi
from config.metrics_page import REQUESTS, NotTold, read_samples

ROUTE = {"method": "GET", "route": "v1/feed", "status": "200"}
# Longer than asking takes, shorter than the period: of two askers one has the turn.
TURN_SECONDS = 30

TAKE_TURN = """
INSERT INTO config_scrapedapi AS api (url, turn, asked_at) VALUES (%(url)s, 1, now())
ON CONFLICT (url) DO UPDATE SET turn = api.turn + 1, asked_at = now()
 WHERE api.asked_at < now() - make_interval(secs => %(seconds)s)
RETURNING turn
"""

# By upper bound in seconds, as Prometheus writes it: how many requests took more than the bound before.
Buckets = Mapping[str, int]
logger = logging.getLogger(__name__)


def measure_feed_latency() -> None:
    """Ask every API and add what is new to the day at hand. One that does not answer is asked again the next time."""
    for url in settings.API_HOSTS:
        turn = _take_turn(url)
        if turn is None:
            continue
        try:
            buckets = buckets_of(read_samples(url))
        except NotTold as error:
            logger.warning("feed_latency_not_measured error=%s", error)
            continue
        add_measured(url=url, turn=turn, buckets=buckets)


def buckets_of(samples: Iterable[Sample]) -> Buckets:
    """The histogram of answered home feeds among these samples, degraded ones included."""
    cumulative = {
        sample.labels["le"]: int(sample.value)
        for sample in samples
        if sample.name == f"{REQUESTS}_bucket" and ROUTE.items() <= sample.labels.items()
    }
    bounds = sorted(cumulative, key=float)
    counts = [cumulative[bound] for bound in bounds]
    return dict(zip(bounds, [later - earlier for earlier, later in pairwise([0, *counts])], strict=True))


@transaction.atomic
def add_measured(*, url: str, turn: int, buckets: Buckets) -> bool:
    """Add what the API counted since it was last asked; False when somebody else has asked it since."""
    asked = ScrapedApi.objects.select_for_update(no_key=True).get(url=url)
    if asked.turn != turn:
        return False
    if asked.buckets is not None:
        _add_to_today(news(asked.buckets, buckets))
    asked.buckets = dict(buckets)
    asked.save(update_fields=["buckets"])
    return True


def news(before: Buckets, after: Buckets) -> Buckets:
    """What was counted in between; all of `after` when the API was started anew."""
    if any(after.get(bound, 0) < count for bound, count in before.items()):
        return after
    return {bound: count - before.get(bound, 0) for bound, count in after.items()}


def quantile(buckets: Buckets, share: float) -> float | None:
    """Within which seconds this share of the requests was answered, None without any.

    Between the bounds of a bucket by proportion, as Prometheus' `histogram_quantile` does; beyond the last bound, that bound.
    """
    bounds = sorted(buckets, key=float)
    reached = list(accumulate(buckets[bound] for bound in bounds))
    if not reached or not reached[-1]:
        return None
    rank = share * reached[-1]
    place = next(place for place, count in enumerate(reached) if count >= rank and count > 0)
    lower = float(bounds[place - 1]) if place else 0.0
    upper = float(bounds[place])
    if upper == float("inf"):
        return lower
    inside = buckets[bounds[place]]
    return lower + (upper - lower) * (rank - (reached[place] - inside)) / inside


def _take_turn(url: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(TAKE_TURN, {"url": url, "seconds": TURN_SECONDS})
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _add_to_today(counted: Buckets) -> None:
    if not any(counted.values()):
        return
    today = timezone.now().date()
    begin_day(today)
    row = DailyFigures.objects.select_for_update(no_key=True).get(day=today)
    total = {
        bound: counted.get(bound, 0) + row.feed_buckets.get(bound, 0)
        for bound in {*counted, *row.feed_buckets}
    }
    row.feed_buckets, row.feed_requests = total, sum(total.values())
    row.feed_p50_ms, row.feed_p95_ms, row.feed_p99_ms = (
        _milliseconds(quantile(total, share)) for share in (0.5, 0.95, 0.99)
    )
    row.save(update_fields=["feed_buckets", "feed_requests", "feed_p50_ms", "feed_p95_ms", "feed_p99_ms"])


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
