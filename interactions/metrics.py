"""What the counts tell Prometheus."""

from collections.abc import Iterator

from django.db import Error, connection
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from interactions.draining import COUNTERS
from interactions.models import RecountRound
from interactions.recounting import ROUND, UNCOUNTED


class RecountCollector(Collector):
    """What the periodic recount found; nothing before it began, or while PostgreSQL does not answer."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Wrong counts by counter, and the age of the last whole round."""
        try:
            place = RecountRound.objects.filter(name=ROUND).first()
        except Error:
            connection.close()
            return
        if place is not None:
            yield drift_of(place)
            meaning = "Accounts and posts that could not be recounted; always 0."
            yield GaugeMetricFamily("puppies_counter_uncounted", meaning, value=found_of(place, UNCOUNTED))
        if place is not None and place.ended_at is not None:
            age = (timezone.now() - place.ended_at).total_seconds()
            meaning = "How long ago the last recount of all counts ended."
            yield GaugeMetricFamily("puppies_counter_recount_age_seconds", meaning, value=age)


def drift_of(place: RecountRound) -> GaugeMetricFamily:
    """Wrong counts of the last whole round, or of this one where it has found more already."""
    meaning = "Accounts or posts whose count was not the number of its rows when it was recounted; always 0."
    gauge = GaugeMetricFamily("puppies_counter_drift", meaning, labels=["counter"])
    for counter in COUNTERS:
        gauge.add_metric([counter.name], found_of(place, counter.name))
    return gauge


def found_of(place: RecountRound, name: str) -> int:
    """How much the last whole round found, or this one where it has found more already."""
    return int(max(place.found.get(name, 0), place.last_found.get(name, 0)))
