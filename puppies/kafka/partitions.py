"""Partitions as the transport speaks of them."""

from collections.abc import Iterable

from confluent_kafka import TopicPartition

from puppies.kafka.inbox import Place


def place_of(partition: TopicPartition) -> Place:
    """Topic and number."""
    return partition.topic, partition.partition


def named(partitions: Iterable[TopicPartition]) -> str:
    """The partitions in words, for the log."""
    return ", ".join(f"{item.topic}:{item.partition}" for item in partitions) or "nothing"
