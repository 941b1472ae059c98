"""Workers come and go in the middle of work."""

import time

from celery import Celery

from tests.faults.transport.publishing import committed, store_numbers, store_one_per_partition
from tests.faults.transport.servers import Bench, wait_until


def test_a_second_worker_joins_and_leaves_while_tasks_run(bench: Bench, outbox: Celery) -> None:
    first = bench.worker("first")
    first.wait_until_assigned()
    second = bench.worker("second")
    count = _publish_until_both_work(bench, outbox)
    assert second.terminate() < 10
    wait_until(lambda: len(bench.journal.runs()) == count, timeout=30, what="all tasks ran")

    runs = bench.journal.runs()
    print(f"{sum(runs.values()) - count} duplicates of {count} after a join and a leave")
    assert sorted(runs) == list(range(count))
    assert first.terminate() < 10
    assert sum(committed(bench.broker.bootstrap, "one")) == count


def test_an_ack_after_revocation_is_ignored(bench: Bench, outbox: Celery) -> None:
    bench.options["revoke_drain_seconds"] = 0.2
    first = bench.worker("first")
    first.wait_until_assigned()
    store_one_per_partition(outbox, bench.broker.bootstrap, "one", task="one.hold")
    wait_until(lambda: sum(bench.journal.started().values()) == 4, timeout=20, what="all four run")

    second = bench.worker("second")
    second.wait_until_assigned()
    wait_until(lambda: sum(bench.journal.started().values()) > 4, timeout=20, what="some run again elsewhere")
    bench.journal.release(first.pid)
    wait_until(lambda: len(bench.journal.runs()) == 4, timeout=20, what="the first worker ended all four")
    time.sleep(1)
    repeated = sum(count == 2 for count in bench.journal.started().values())
    after_late_acks = sum(committed(bench.broker.bootstrap, "one"))
    bench.journal.release(second.pid)
    wait_until(
        lambda: sum(committed(bench.broker.bootstrap, "one")) == 4, timeout=20, what="all is committed"
    )

    assert repeated > 0
    assert after_late_acks == 4 - repeated
    assert sum(bench.journal.runs().values()) == 4 + repeated


def test_workers_of_different_queues_share_one_group(bench: Bench, outbox: Celery) -> None:
    queues = ["one", "two", "three"]
    workers = {queue: bench.worker(queue, queues=queue) for queue in queues}
    for worker in workers.values():
        worker.wait_until_assigned()
    for first, queue in enumerate(queues):
        store_numbers(outbox, range(first * 100, first * 100 + 20), task=f"{queue}.note")
    wait_until(lambda: len(bench.journal.runs()) == 60, timeout=20, what="every queue was worked off")

    workers["two"].kill()
    bench.worker("two-again", queues="two").wait_until_assigned()
    for first, queue in enumerate(queues):
        store_numbers(outbox, range(first * 100 + 50, first * 100 + 70), task=f"{queue}.note")
    wait_until(lambda: len(bench.journal.runs()) == 120, timeout=20, what="and again after a kill")

    def offsets() -> list[int]:
        return [sum(committed(bench.broker.bootstrap, queue)) for queue in queues]

    wait_until(lambda: offsets() == [40, 40, 40], timeout=10, what="every queue is committed to its end")


def _publish_until_both_work(bench: Bench, outbox: Celery) -> int:
    """Keep a backlog of tasks until two processes have run some; how many were published."""
    for first in range(0, 5_000, 50):
        store_numbers(outbox, range(first, first + 50), seconds=0.05)
        if len(_pids(bench)) == 2:
            return first + 50
        time.sleep(0.5)
    raise AssertionError("the second worker never ran a task")


def _pids(bench: Bench) -> set[str]:
    return {line[2] for line in bench.journal.lines()}
