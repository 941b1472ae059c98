"""What the outbox and the ledger hold now, for Prometheus: read from PostgreSQL when asked."""

from collections.abc import Iterator

from django.db import Error, connection
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

# Bounded like the indexes it reads: open and dead rows only, and the oldest entry of the ledger.
GAUGES = """
SELECT (SELECT count(*) FROM puppies_delivery WHERE done_at IS NULL AND dead_at IS NULL),
       (SELECT count(*) FROM puppies_delivery WHERE dead_at IS NOT NULL),
       (SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0) FROM puppies_delivery
         WHERE done_at IS NULL AND dead_at IS NULL AND due_at < now()),
       (SELECT count(*) FROM (SELECT 1 FROM puppies_ledgerentry LIMIT 100000) AS entry)
"""
MEANINGS = (
    ("puppies_deliveries_open", "Deliveries that have not taken full effect yet."),
    ("puppies_deliveries_dead", "Dead letters."),
    ("puppies_deliveries_overdue_seconds", "How long the oldest due delivery has waited for a relay."),
    ("puppies_ledger_entries", "Changes of counts not yet drained, at most 100,000."),
)


class OutboxCollector(Collector):
    """Gauges of the outbox; none while PostgreSQL does not answer."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge each for open, dead, overdue deliveries and the ledger."""
        try:
            with connection.cursor() as cursor:
                cursor.execute(GAUGES)
                values = cursor.fetchone()
        except Error:
            connection.close()
            return
        for (name, meaning), value in zip(MEANINGS, values, strict=True):
            yield GaugeMetricFamily(name, meaning, value=float(value))
