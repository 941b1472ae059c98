"""What the feeds tell Prometheus."""

import time
from collections.abc import Iterator

from django.db import Error, connection, transaction
from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from feeds.popular import snapshots
from puppies.ids import created_at

FALLBACKS = Counter(
    "puppies_feeds_fallbacks",
    "Requests for the home feed that were answered with popular posts: it was not asked (open), took too long (timeout), PostgreSQL "
    "refused (database) or something broke (error).",
    ["reason"],
)
for _reason in ("open", "timeout", "database", "error"):
    FALLBACKS.labels(_reason)


class PopularCollector(Collector):
    """The age of the newest ranking; nothing before the first, or while PostgreSQL does not answer."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge."""
        try:
            newest = snapshots.newest_stored()
        except Error:
            connection.close()
            return
        if newest is not None:
            meaning = "How long ago popular posts were ranked."
            yield GaugeMetricFamily("puppies_feeds_popular_age_seconds", meaning, value=newest.age_seconds)


FAN_OUT_LAG = Histogram(
    "puppies_feeds_fan_out_lag_seconds",
    "Seconds from a post's publication to the commit that stored it for the last of its followers.",
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 7_200, 43_200),
)


def fan_out_ended(*, feed_id: int) -> None:
    """Count the lag of this post once the transaction at hand commits.

    A post's feed id is an instant of the database's clock, taken in the transaction that published it.
    """
    transaction.on_commit(lambda: FAN_OUT_LAG.observe(_seconds_since(feed_id)))


def _seconds_since(feed_id: int) -> float:
    # Two hosts' clocks may differ by more than a fan-out takes.
    return max(time.time() - created_at(feed_id).timestamp(), 0.0)
