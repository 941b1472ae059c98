"""Published means stored, or an error within the bound; and everything recovers by itself."""

import time

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from puppies.kafka.batch import TaskMessage, publish_tasks
from puppies.kafka.topics import TopicsUnavailable, ensure_topics
from tests.faults.transport.publishing import store_numbers
from tests.faults.transport.servers import Bench, wait_until

BOUND = 2.0
SLACK = 1.0


def _publish_fails_in_time(publisher: Celery) -> None:
    began = time.monotonic()
    with pytest.raises(OperationalError, match="did not store"):
        publisher.send_task("one.note", kwargs={"number": 1}, headers={"partition_key": "k"})
    assert time.monotonic() - began < BOUND + SLACK


def test_a_stopped_broker_makes_publish_raise_in_time(bench: Bench, publisher: Celery) -> None:
    publisher.send_task("one.note", kwargs={"number": 0})

    bench.broker.kill()

    _publish_fails_in_time(publisher)
    _publish_fails_in_time(publisher)


def test_a_broker_that_was_never_there_makes_publish_raise_in_time(bench: Bench, publisher: Celery) -> None:
    bench.broker.kill()

    _publish_fails_in_time(publisher)


def test_a_frozen_broker_makes_publish_raise_in_time_and_is_used_again(
    bench: Bench, publisher: Celery
) -> None:
    publisher.send_task("one.note", kwargs={"number": 0})

    bench.broker.pause()
    _publish_fails_in_time(publisher)
    bench.broker.resume()

    publisher.send_task("one.note", kwargs={"number": 2})


def test_a_batch_without_broker_answers_for_each_message_in_time(bench: Bench, outbox: Celery) -> None:
    bench.broker.kill()
    messages = [TaskMessage("one.note", {"number": n}, f"k{n}", f"id{n}") for n in range(100)]

    began = time.monotonic()
    answers = publish_tasks(outbox, messages, timeout=1.5)

    assert time.monotonic() - began < 1.5 + SLACK
    assert [type(answer).__mro__[1] for answer in answers] == [OperationalError] * 100


def test_topics_say_that_the_broker_is_away(bench: Bench) -> None:
    bench.broker.kill()

    with pytest.raises(TopicsUnavailable, match="Is the broker running"):
        ensure_topics(bench.broker.bootstrap, ["one"], timeout=1)


def test_a_broker_that_lost_everything_is_taken_up_again(bench: Bench, outbox: Celery) -> None:
    worker = bench.worker("steady")
    store_numbers(outbox, range(20))
    wait_until(lambda: len(bench.journal.runs()) == 20, timeout=20, what="the first tasks ran")

    bench.broker.kill()
    time.sleep(1)
    bench.broker.start()
    began = time.monotonic()
    store_numbers(outbox, range(100, 120))
    published_after = time.monotonic() - began
    wait_until(lambda: len(bench.journal.runs()) == 40, timeout=30, what="the tasks after the loss ran")

    print(
        f"published {published_after:.2f} s, all run {time.monotonic() - began:.2f} s after the broker's return"
    )
    assert published_after < BOUND
    assert worker.is_running()


def test_a_worker_waits_for_a_broker_that_comes_later(bench: Bench, outbox: Celery) -> None:
    bench.broker.kill()
    worker = bench.worker("early")
    wait_until(lambda: worker.has_logged("Trying again"), timeout=20, what="the worker says that it waits")

    bench.broker.start()
    store_numbers(outbox, [1])

    wait_until(lambda: bench.journal.runs()[1] == 1, timeout=20, what="the task ran")


def test_a_worker_stops_in_time_while_the_broker_is_away(bench: Bench) -> None:
    worker = bench.worker("lonely")
    worker.wait_until_assigned()

    bench.broker.kill()
    time.sleep(0.5)

    assert worker.terminate() < 12
