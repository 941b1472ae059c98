"""Publishing numbered tasks, and looking at what Kafka holds."""

from collections.abc import Iterable
from contextlib import closing
from time import monotonic
from typing import Any

from celery import Celery
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from puppies.kafka.batch import TaskMessage, envelope, publish_tasks
from puppies.kafka.records import encode


def store_numbers(
    app: Celery, numbers: Iterable[int], *, task: str = "one.note", seconds: float = 0.0
) -> None:
    """Publish one confirmed task per number, spread over the partitions."""
    messages = [
        TaskMessage(
            task=task,
            kwargs={"number": number, "seconds": seconds} if task.endswith(".note") else {"number": number},
            partition_key=f"key-{number}",
            task_id=f"id-{number}",
        )
        for number in numbers
    ]
    assert publish_tasks(app, messages, timeout=10) == [None] * len(messages)


def store_raw(bootstrap: str, topic: str, partition: int, value: bytes) -> None:
    """Write bytes of any kind into a partition."""
    producer = Producer({"bootstrap.servers": bootstrap, "message.timeout.ms": 5_000})
    producer.produce(topic, value=value, partition=partition, headers=[("who", b"a stranger")])
    assert producer.flush(10) == 0


def store_one_per_partition(app: Celery, bootstrap: str, topic: str, *, task: str) -> None:
    """Write one numbered task into each of four partitions."""
    for number in range(4):
        message = TaskMessage(task, {"number": number}, "unused", f"id-{number}")
        store_raw(bootstrap, topic, number, encode(envelope(app, message, queue=topic)))


def read_topic(bootstrap: str, topic: str, *, count: int, timeout: float = 10) -> list[Message]:
    """The first `count` records of a topic's only partition."""
    configuration = {"bootstrap.servers": bootstrap, "group.id": "reader", "enable.auto.commit": False}
    records: list[Message] = []
    deadline = monotonic() + timeout
    with closing(Consumer(configuration)) as consumer:
        consumer.assign([TopicPartition(topic, 0, 0)])
        while len(records) < count and monotonic() < deadline:
            message = consumer.poll(0.2)
            if message is not None and message.error() is None:
                records.append(message)
    assert len(records) == count
    return records


def headers_of(record: Message) -> dict[str, bytes]:
    """A record's headers by name."""
    pairs: list[tuple[str, Any]] = list(record.headers() or [])  # type: ignore[arg-type]
    return dict(pairs)


def committed(bootstrap: str, topic: str, *, partitions: int = 4, group: str = "puppies") -> list[int]:
    """The group's committed offset of each partition; 0 where it has none."""
    configuration = {"bootstrap.servers": bootstrap, "group.id": group}
    places = [TopicPartition(topic, partition) for partition in range(partitions)]
    with closing(Consumer(configuration)) as consumer:
        return [max(0, item.offset) for item in consumer.committed(places, timeout=5)]
