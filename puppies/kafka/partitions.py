"""Partitions as the transport speaks of them."""

from collections.abc import Iterable
from time import monotonic

from confluent_kafka import TopicPartition

from puppies.kafka.inbox import Place


def place_of(partition: TopicPartition) -> Place:
    """Topic and number."""
    return partition.topic, partition.partition


def named(partitions: Iterable[TopicPartition]) -> str:
    """The partitions in words, for the log."""
    return ", ".join(f"{item.topic}:{item.partition}" for item in partitions) or "nothing"


class Loss:
    """How long a consumer that lost its partitions has been without any."""

    FIRST_WAIT_SECONDS = 5.0

    def __init__(self) -> None:
        self._wait = self.FIRST_WAIT_SECONDS
        self._over_at: float | None = None

    def begin(self) -> None:
        """Note that everything was lost now."""
        self._wait = self.FIRST_WAIT_SECONDS
        self._over_at = monotonic() + self._wait

    def end(self) -> None:
        """Note that there are partitions again."""
        self._over_at = None

    def is_long(self) -> bool:
        """Whether the group should have given partitions back by now; asked again, it answers yes after twice as long."""
        if self._over_at is None or monotonic() < self._over_at:
            return False
        self._wait *= 2
        self._over_at = monotonic() + self._wait
        return True
