"""What the transport tells Prometheus."""

from prometheus_client import Counter, Gauge

LAG = Gauge(
    "puppies_kafka_consumer_lag",
    "Records of a queue not yet committed, over the partitions that this worker holds.",
    ["queue"],
)
PUBLISHED = Counter("puppies_kafka_published", "Records that the broker confirmed.", ["topic"])
PUBLISH_FAILURES = Counter("puppies_kafka_publish_failures", "Records that were not confirmed.", ["topic"])
DEAD_LETTERS = Counter("puppies_kafka_dead_letters", "Records moved to a dead-letter topic.", ["queue"])
