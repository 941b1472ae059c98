"""What the feeds tell Prometheus."""

from collections.abc import Iterator

from django.db import Error, connection
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from feeds.popular import snapshots

FALLBACKS = Counter(
    "puppies_feeds_fallbacks",
    "Requests for the home feed that were answered with popular posts: it was not asked (open), took too long (timeout), PostgreSQL "
    "refused (database) or something broke (error).",
    ["reason"],
)


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
