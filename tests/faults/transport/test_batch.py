"""The batch form: the same message as `apply_async`, confirmed, and much faster."""

import time
from typing import Any

from celery import Celery
from confluent_kafka import Message
from kombu import Queue
from kombu.utils.json import loads

from puppies.kafka.batch import TaskMessage, publish_tasks
from puppies.kafka.topics import TopicReport, ensure_topics
from tests.faults.transport.publishing import read_topic, store_numbers
from tests.faults.transport.servers import Bench, wait_until


def test_a_batch_beats_publishing_one_by_one(bench: Bench, outbox: Celery, publisher: Celery) -> None:
    began = time.monotonic()
    for number in range(300):
        publisher.send_task("one.note", kwargs={"number": number})
    one_by_one = 300 / (time.monotonic() - began)

    began = time.monotonic()
    store_numbers(outbox, range(2_000))
    batch = 2_000 / (time.monotonic() - began)

    print(f"publish/s: one by one {one_by_one:.0f}, batch {batch:.0f}")
    assert batch > 1.5 * one_by_one


def test_a_batch_stores_what_apply_async_stores(bench: Bench, outbox: Celery) -> None:
    bootstrap = bench.broker.bootstrap
    ensure_topics(bootstrap, ["narrow"], partitions=1)
    outbox.conf.task_routes = {"narrow.*": {"queue": Queue("narrow")}}
    headers = {"traceparent": "00-11-22-01", "partition_key": "author"}

    outbox.send_task("narrow.note", kwargs={"number": 1}, task_id="id", headers=headers, ignore_result=True)
    message = TaskMessage("narrow.note", {"number": 1}, "author", "id", {"traceparent": "00-11-22-01"})
    assert publish_tasks(outbox, [message], timeout=5) == [None]

    single, batched = read_topic(bootstrap, "narrow", count=2)
    assert single.key() == batched.key() == b"author"
    assert _without_delivery_tag(batched) == _without_delivery_tag(single)


def test_extra_headers_reach_the_task(bench: Bench, outbox: Celery) -> None:
    bench.worker("tracer")
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    message = TaskMessage("one.headers", {"number": 1}, "k", "id", {"traceparent": trace})

    assert publish_tasks(outbox, [message], timeout=5) == [None]

    wait_until(lambda: bench.journal.runs()[1] == 1, timeout=20, what="the task ran")
    assert bench.journal.lines()[0][:2] == ["traceparent", trace]


def test_one_bad_message_does_not_stop_the_others(bench: Bench, outbox: Celery) -> None:
    good = TaskMessage("one.note", {"number": 1}, "k", "id")
    bad = TaskMessage("one.note", {"number": object()}, "k", "id")  # type: ignore[dict-item]

    first, second, third = publish_tasks(outbox, [good, bad, good], timeout=5)

    assert (first, third) == (None, None)
    assert "not JSON serializable" in str(second)


def test_topics_get_their_partitions_once(bench: Bench) -> None:
    made = ensure_topics(bench.broker.bootstrap, ["new"], prefix="p.", partitions=3)
    again = ensure_topics(bench.broker.bootstrap, ["new"], prefix="p.", partitions=5)

    assert made == [TopicReport("p.new", 3, True), TopicReport("p.new.dlq", 1, True)]
    assert again == [TopicReport("p.new", 3, False), TopicReport("p.new.dlq", 1, False)]


def _without_delivery_tag(record: Message) -> dict[str, Any]:
    """The message in a record, without the id that each publish makes anew."""
    message: dict[str, Any] = loads(record.value() or b"")
    del message["properties"]["delivery_tag"]
    return message
