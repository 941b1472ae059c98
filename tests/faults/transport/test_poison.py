"""What no worker can use goes to the dead-letter topic, and the partition moves on."""

import json

import pytest
from celery import Celery

from puppies.kafka.batch import TaskMessage, envelope
from puppies.kafka.records import encode
from tests.faults.transport.publishing import committed, headers_of, read_topic, store_numbers, store_raw
from tests.faults.transport.servers import Bench, wait_until


def test_poison_goes_to_the_dead_letters_with_its_reason(bench: Bench, outbox: Celery) -> None:
    worker = bench.worker("taster")
    for partition in range(4):
        store_raw(bench.broker.bootstrap, "one", partition, b"\xff\xfe poison")
    store_numbers(outbox, range(40))

    wait_until(lambda: len(bench.journal.runs()) == 40, timeout=20, what="the tasks behind the poison ran")
    letters = read_topic(bench.broker.bootstrap, "one.dlq", count=4)

    headers = [headers_of(letter) for letter in letters]
    assert [letter.value() for letter in letters] == [b"\xff\xfe poison"] * 4
    assert {header["dead-letter-reason"][:8] for header in headers} == {b"not JSON"}
    assert sorted(json.loads(header["dead-letter-origin"])["partition"] for header in headers) == [0, 1, 2, 3]
    assert {header["who"] for header in headers} == {b"a stranger"}
    assert worker.terminate() < 10
    assert sum(committed(bench.broker.bootstrap, "one")) == 44


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("one.nobody_knows", b"no task named 'one.nobody_knows'"),
        ("one.refuse", b"rejected by task 'one.refuse'"),
        ("one.leave", b"WorkerLostError: SystemExit(7)"),
    ],
)
def test_unknown_and_refused_tasks_become_dead_letters(
    bench: Bench, outbox: Celery, task: str, reason: bytes
) -> None:
    bench.worker("strict")

    store_numbers(outbox, [7], task=task)
    store_numbers(outbox, [8])

    [letter] = read_topic(bench.broker.bootstrap, "one.dlq", count=1, timeout=20)
    assert headers_of(letter)["dead-letter-reason"].startswith(reason)
    wait_until(lambda: bench.journal.runs()[8] == 1, timeout=20, what="the next task ran")


def test_a_body_that_is_no_json_becomes_a_dead_letter(bench: Bench, outbox: Celery) -> None:
    bench.worker("reader")
    message = envelope(outbox, TaskMessage("one.note", {"number": 1}, "k", "id"), queue="one")

    store_raw(bench.broker.bootstrap, "one", 0, encode(message | {"body": "{broken"}))
    store_numbers(outbox, [2])

    [letter] = read_topic(bench.broker.bootstrap, "one.dlq", count=1, timeout=20)
    assert headers_of(letter)["dead-letter-reason"].startswith(b"'body' is not JSON")
    wait_until(lambda: bench.journal.runs()[2] == 1, timeout=20, what="the next task ran")
    assert bench.journal.runs()[1] == 0
