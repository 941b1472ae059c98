"""The transport's options, typed, and the librdkafka configurations made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

ClientConfig = dict[str, str | int | float | bool]

DEFAULT_PORT = 9092
DEAD_LETTER_SUFFIX = ".dlq"


class BadTransportOption(ValueError):
    """A broker_transport_options entry that this transport does not know or cannot use."""


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """What Celery's `broker_url` and `broker_transport_options` say; times in the unit of their names."""

    bootstrap: str
    topic_prefix: str = ""
    partitions: int = 12
    replication_factor: int = -1
    group_id: str = "puppies"
    publish_timeout_ms: int = 5_000
    session_timeout_ms: int = 45_000
    heartbeat_interval_ms: int = 3_000
    fetch_wait_max_ms: int = 500
    max_poll_interval_ms: int = 300_000
    max_uncommitted: int = 1_000
    revoke_drain_seconds: float = 3.0
    client_config: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    @classmethod
    def from_url(cls, url: str, options: Mapping[str, Any]) -> Self:
        """Settings of a broker URL and its transport options; a wrong option raises BadTransportOption."""
        known = {item.name for item in fields(cls)} - {"bootstrap"}
        ours = {name: value for name, value in options.items() if name in known}
        _refuse_unknown(set(options) - known, known)
        settings = cls(bootstrap=bootstrap_servers(url), **ours)
        settings._refuse_bad_values()
        return settings

    def _refuse_bad_values(self) -> None:
        for name in ("partitions", "publish_timeout_ms", "session_timeout_ms", "max_uncommitted"):
            if getattr(self, name) < 1:
                raise BadTransportOption(
                    f"broker_transport_options[{name!r}] must be 1 or more, not {getattr(self, name)}."
                )
        if self.max_poll_interval_ms < self.session_timeout_ms:
            raise BadTransportOption(
                f"max_poll_interval_ms ({self.max_poll_interval_ms}) must not be below "
                f"session_timeout_ms ({self.session_timeout_ms})."
            )

    @property
    def group(self) -> str:
        """The consumer group of the application."""
        return f"{self.topic_prefix}{self.group_id}"

    @property
    def publish_timeout(self) -> float:
        """Seconds a publish may take before it raises."""
        return self.publish_timeout_ms / 1000

    def topic(self, queue: str) -> str:
        """The topic that holds a queue."""
        return f"{self.topic_prefix}{queue}"

    def queue(self, topic: str) -> str:
        """The queue that a topic holds."""
        return topic.removeprefix(self.topic_prefix)

    def client(self) -> ClientConfig:
        """Configuration shared by producers, consumers and admin clients."""
        return {
            "bootstrap.servers": self.bootstrap,
            # A broker that comes back is found within a second, not after librdkafka's ten.
            "reconnect.backoff.max.ms": 1_000,
            "socket.keepalive.enable": True,
            "log.connection.close": False,
            **self.client_config,
        }

    def producer(self) -> ClientConfig:
        """Configuration of the idempotent producer: every replica confirms, nothing lingers."""
        return {
            **self.client(),
            # A topic that a broker made by itself would have its number of partitions, not ours.
            "allow.auto.create.topics": False,
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 0,
            "partitioner": "murmur2_random",
            "message.timeout.ms": self.publish_timeout_ms,
        }

    def consumer(self) -> ClientConfig:
        """Configuration of the worker's one consumer: manual commits, bounded read-ahead."""
        return {
            **self.client(),
            "group.id": self.group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": self.session_timeout_ms,
            "heartbeat.interval.ms": self.heartbeat_interval_ms,
            "max.poll.interval.ms": self.max_poll_interval_ms,
            "fetch.wait.max.ms": self.fetch_wait_max_ms,
            # All partitions share one read-ahead: kept small, a busy queue does not delay the others.
            "max.partition.fetch.bytes": 131_072,
            "queued.min.messages": 1_000,
            "fetch.queue.backoff.ms": 20,
            "queued.max.messages.kbytes": 8_192,
            "topic.metadata.refresh.interval.ms": 5_000,
        }


def bootstrap_servers(url: str) -> str:
    """`host:port,host:port` of a `puppies-kafka://` URL; a host without a port gets Kafka's 9092."""
    hosts = url.partition("://")[2] if "://" in url else url
    hosts = hosts.rpartition("@")[2].partition("/")[0]
    named = [host if ":" in host else f"{host}:{DEFAULT_PORT}" for host in hosts.split(",") if host]
    if not named:
        raise BadTransportOption(f"No Kafka host in {url!r}; write puppies-kafka://host:port,host:port.")
    return ",".join(named)


def dead_letter_topic(topic: str) -> str:
    """Where the records of a topic go that no worker can use."""
    return f"{topic}{DEAD_LETTER_SUFFIX}"


# What Celery itself and kombu's Producer put into the same dictionary.
_FOREIGN_OPTIONS = frozenset(
    {
        "max_retries",
        "interval_start",
        "interval_step",
        "interval_max",
        "retry_errors",
        "errback",
        "health_port",
        "health_host",
        "polling_interval",
        "body_encoding",
        "deadletter_queue",
        "client_name",
    }
)


def _refuse_unknown(names: set[str], known: set[str]) -> None:
    strange = sorted(names - _FOREIGN_OPTIONS)
    if strange:
        raise BadTransportOption(
            f"Unknown broker_transport_options {strange}; this transport knows {sorted(known)}."
        )
