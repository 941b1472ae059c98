"""One malformed message stops nothing: not its queue, not its worker, not the messages around it."""

import json

import pytest
from celery import Celery
from confluent_kafka import Producer

from puppies.kafka.batch import TaskMessage, envelope
from puppies.kafka.records import encode
from tests.faults.transport import malformed
from tests.faults.transport.publishing import committed, headers_of, read_topic, store_numbers, store_raw
from tests.faults.transport.servers import Bench, wait_until


def _store_between_good_ones(app: Celery, bootstrap: str, values: list[bytes | None]) -> None:
    """Write a good message before, between and after the values into partition 0: the even offsets."""
    producer = Producer({"bootstrap.servers": bootstrap, "message.timeout.ms": 5_000})
    for number, value in enumerate([*values, b""]):
        good = envelope(app, TaskMessage("one.note", {"number": number}, "k", f"id-{number}"), queue="one")
        producer.produce("one", value=encode(good), partition=0)
        if number < len(values):
            producer.produce("one", value=value, partition=0)
    assert producer.flush(10) == 0


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_what_is_malformed_dies_alone(bench: Bench, outbox: Celery, pool: str) -> None:
    dead, odd = malformed.dead(outbox), malformed.odd(outbox)
    values = [*(value for value, _ in dead), *odd]
    worker = bench.worker("stoic", pool=pool, concurrency=2)

    _store_between_good_ones(outbox, bench.broker.bootstrap, values)

    everything = 2 * len(values) + 1
    wait_until(
        lambda: committed(bench.broker.bootstrap, "one")[0] == everything,
        timeout=40,
        what="every offset is committed",
    )
    letters = read_topic(bench.broker.bootstrap, "one.dlq", count=len(dead))
    reasons = {
        json.loads(headers["dead-letter-origin"])["offset"]: headers["dead-letter-reason"].decode()
        for headers in map(headers_of, letters)
    }
    expected = {2 * index + 1: reason for index, (_, reason) in enumerate(dead)}
    assert {offset: reasons[offset][: len(reason)] for offset, reason in expected.items()} == expected
    assert set(reasons) == set(expected)
    assert set(range(len(values) + 1)) <= set(bench.journal.runs())
    assert worker.is_running()
    assert worker.terminate() < 10


def test_a_record_too_large_for_its_dead_letter_leaves_its_bytes_behind(bench: Bench, outbox: Celery) -> None:
    worker = bench.worker("porter")

    store_raw(bench.broker.bootstrap, "one", 0, b"x" * 999_900)
    store_numbers(outbox, range(8))

    [letter] = read_topic(bench.broker.bootstrap, "one.dlq", count=1, timeout=20)
    assert letter.value() is None
    assert headers_of(letter)["dead-letter-left-out"] == b"999900"
    assert headers_of(letter)["dead-letter-reason"].startswith(b"not JSON")
    wait_until(
        lambda: sum(committed(bench.broker.bootstrap, "one")) == 9, timeout=20, what="all is committed"
    )
    assert len(bench.journal.runs()) == 8
    assert worker.is_running()
