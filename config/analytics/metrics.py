"""The figures for Prometheus: read from their rows, so that they neither fall nor start over with a process."""

from collections.abc import Iterator

from django.db import Error, connection
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

COUNTED = (
    ("puppies_posts", "posts", "Posts published."),
    ("puppies_comments", "comments", "Comments written."),
    ("puppies_likes", "likes", "Likes added up by the drain of the ledger."),
    ("puppies_unlikes", "unlikes", "Likes taken back, added up by the drain of the ledger."),
    ("puppies_signups", "signups", "Accounts made."),
    ("puppies_follows", "follows", "Follows begun."),
)
TOTALS = f"""
SELECT {", ".join(f"coalesce(sum({column}), 0)" for _, column, _ in COUNTED)},
       extract(epoch FROM now() - max(counted_until)) FROM config_dailyfigures
"""  # noqa: S608 - constants of this module
NEWEST = """
SELECT active_users, active_users_7_days, active_users_30_days FROM config_dailyfigures
 WHERE active_users_30_days > 0 ORDER BY day DESC LIMIT 1
"""
WINDOWS = ("1d", "7d", "30d")


class FiguresCollector(Collector):
    """Counters of what happened and gauges of who was here; none before the first day, or while PostgreSQL does not answer."""

    def collect(self) -> Iterator[Metric]:
        """Every figure that there is."""
        try:
            with connection.cursor() as cursor:
                cursor.execute(TOTALS)
                *totals, age = cursor.fetchone()
                cursor.execute(NEWEST)
                active = cursor.fetchone()
        except Error:
            connection.close()
            return
        if age is not None:
            yield from _totals(totals)
            yield GaugeMetricFamily(
                "puppies_figures_age_seconds", "How long ago the figures end.", value=float(age)
            )
        if active is not None:
            yield _active(active)


def _totals(totals: list[int]) -> Iterator[Metric]:
    for (name, _, meaning), total in zip(COUNTED, totals, strict=True):
        yield CounterMetricFamily(name, meaning, value=float(total))


def _active(counts: tuple[int, ...]) -> Metric:
    family = GaugeMetricFamily(
        "puppies_active_users",
        "Who signed in or continued a session today, and in so many days.",
        labels=["window"],
    )
    for window, count in zip(WINDOWS, counts, strict=True):
        family.add_metric([window], float(count))
    return family
