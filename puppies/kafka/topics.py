"""Topics: made before anything is published, never on the publishing path."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import monotonic

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from puppies.kafka import forking
from puppies.kafka.client_log import librdkafka
from puppies.kafka.settings import KafkaSettings, dead_letter_topic


class TopicsUnavailable(RuntimeError):
    """The broker could not be asked for its topics, or refused to make one."""


@dataclass(frozen=True, slots=True)
class TopicReport:
    """One topic after `ensure_topics`, with the partitions that it has, not those asked for."""

    name: str
    partitions: int
    is_new: bool


def ensure_topics(
    bootstrap: str,
    queues: Iterable[str],
    prefix: str = "",
    partitions: int = 12,
    *,
    replication_factor: int = -1,
    client_config: Mapping[str, str | int | float | bool] | None = None,
    timeout: float = 10.0,
) -> list[TopicReport]:
    """Make the topic of each queue and its dead-letter topic (one partition) where they are missing.

    Existing topics are left as they are and reported. -1 leaves replication to the broker's default.
    Raises TopicsUnavailable when the broker does not answer within `timeout` seconds.
    """
    wanted = _wanted(queues, prefix, partitions)
    settings = KafkaSettings(bootstrap=bootstrap, client_config=client_config or {})
    admin = AdminClient(settings.client(), logger=librdkafka)
    forking.hold(admin)
    try:
        return _ensure(admin, wanted, replication_factor, monotonic() + timeout)
    except KafkaException as error:
        raise TopicsUnavailable(
            f"Kafka at {bootstrap} cannot make the topics {sorted(wanted)}: {error}. Is the broker running?"
        ) from error
    finally:
        forking.release(admin)


def _wanted(queues: Iterable[str], prefix: str, partitions: int) -> dict[str, int]:
    topics = [f"{prefix}{queue}" for queue in queues]
    return dict.fromkeys(topics, partitions) | {dead_letter_topic(topic): 1 for topic in topics}


def _ensure(
    admin: AdminClient, wanted: dict[str, int], replication_factor: int, deadline: float
) -> list[TopicReport]:
    existing = _partition_counts(admin, deadline)
    missing = {name: count for name, count in wanted.items() if name not in existing}
    if missing:
        _create(admin, missing, replication_factor, deadline)
        existing = missing | _partition_counts(admin, deadline)
    return [TopicReport(name, existing[name], name in missing) for name in wanted]


def _partition_counts(admin: AdminClient, deadline: float) -> dict[str, int]:
    metadata = admin.list_topics(timeout=_left(deadline))
    return {name: len(topic.partitions) for name, topic in metadata.topics.items()}


def _create(admin: AdminClient, missing: dict[str, int], replication_factor: int, deadline: float) -> None:
    topics = [
        NewTopic(name, num_partitions=count, replication_factor=replication_factor)
        for name, count in missing.items()
    ]
    futures = admin.create_topics(topics, request_timeout=_left(deadline))
    for future in futures.values():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def _left(deadline: float) -> float:
    return max(0.1, deadline - monotonic())
