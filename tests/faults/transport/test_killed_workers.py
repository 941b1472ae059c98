"""Acknowledged means done: whatever is killed, every task runs."""

from collections import Counter

from celery import Celery

from tests.faults.transport.publishing import store_numbers
from tests.faults.transport.servers import Bench, wait_until


def test_five_kills_in_a_row_lose_nothing(bench: Bench, outbox: Celery) -> None:
    count = 800
    pair = [bench.worker("left"), bench.worker("right")]
    pair[0].wait_until_assigned()
    store_numbers(outbox, range(count), seconds=0.05)

    for kill in range(5):
        _wait_for_more(bench, 40)
        pair[kill % 2].kill()
        pair[kill % 2] = bench.worker(f"again{kill}")
    wait_until(lambda: len(bench.journal.runs()) == count, timeout=45, what=f"all {count} tasks ran")

    print(f"{_duplicates(bench.journal.runs())} duplicates of {count} after 5 kills")
    assert sorted(bench.journal.runs()) == list(range(count))


def test_a_lost_pool_process_runs_its_task_again(bench: Bench, outbox: Celery) -> None:
    bench.worker("prefork", pool="prefork", concurrency=1)

    store_numbers(outbox, [1], task="one.kill_once")
    store_numbers(outbox, [2, 3])

    wait_until(
        lambda: len(bench.journal.runs()) == 3, timeout=20, what="the killed task and its followers ran"
    )
    assert bench.journal.runs() == Counter({1: 1, 2: 1, 3: 1})


def _wait_for_more(bench: Bench, count: int) -> None:
    goal = len(bench.journal.runs()) + count
    wait_until(lambda: len(bench.journal.runs()) >= goal, timeout=20, what=f"{count} more tasks ran")


def _duplicates(runs: Counter[int]) -> int:
    return sum(runs.values()) - len(runs)
