"""Celery on Apache Kafka: a transport whose publishes are stored and whose acknowledgements are exact."""

from celery.concurrency import ALIASES as POOL_ALIASES  # type: ignore[attr-defined]
from kombu.transport import TRANSPORT_ALIASES

SCHEME = "puppies-kafka"


def register() -> None:
    """Teach kombu the URL scheme `puppies-kafka://host:port,host:port`, and Celery pools that answer for every message.

    May be called any number of times.
    """
    TRANSPORT_ALIASES[SCHEME] = "puppies.kafka.transport:Transport"
    POOL_ALIASES["threads"] = "puppies.kafka.pool:ThreadPool"
    POOL_ALIASES["prefork"] = POOL_ALIASES["processes"] = "puppies.kafka.pool:ProcessPool"
