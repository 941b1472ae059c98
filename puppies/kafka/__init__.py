"""Celery on Apache Kafka: a transport whose publishes are stored and whose acknowledgements are exact."""

from kombu.transport import TRANSPORT_ALIASES

SCHEME = "puppies-kafka"


def register() -> None:
    """Teach kombu the URL scheme `puppies-kafka://host:port,host:port`; may be called any number of times."""
    TRANSPORT_ALIASES[SCHEME] = "puppies.kafka.transport:Transport"
