"""Workers come and go in the middle of work."""

from celery import Celery

from tests.faults.transport.publishing import committed, store_numbers
from tests.faults.transport.servers import Bench, wait_until


def test_a_second_worker_joins_and_leaves_while_tasks_run(bench: Bench, outbox: Celery) -> None:
    count = 600
    first = bench.worker("first")
    first.wait_until_assigned()
    store_numbers(outbox, range(count), seconds=0.05)

    second = bench.worker("second")
    second.wait_until_assigned()
    wait_until(lambda: len(_pids(bench)) == 2, timeout=10, what="both workers work")
    assert second.terminate() < 5
    wait_until(lambda: len(bench.journal.runs()) == count, timeout=30, what="all tasks ran")

    runs = bench.journal.runs()
    print(f"{sum(runs.values()) - count} duplicates of {count} after a join and a leave")
    assert sorted(runs) == list(range(count))
    assert first.terminate() < 5
    assert sum(committed(bench.broker.bootstrap, "one")) == count


def test_an_ack_after_revocation_is_ignored(bench: Bench, outbox: Celery) -> None:
    bench.options["revoke_drain_seconds"] = 0.2
    first = bench.worker("first", concurrency=8)
    first.wait_until_assigned()
    store_numbers(outbox, range(40), seconds=5)
    wait_until(lambda: len(bench.journal.started()) == 8, timeout=10, what="the pool is full")

    second = bench.worker("second", concurrency=8)
    second.wait_until_assigned()
    wait_until(lambda: len(bench.journal.runs()) >= 8, timeout=10, what="the first worker ended its tasks")
    late = {number for number, _ in bench.journal.runs().items() if bench.journal.started()[number] > 1}
    done_by_owner = 8 - len(late)
    wait_until(lambda: first.has_logged("Revoked: "), timeout=5, what="partitions moved")

    assert late
    assert sum(committed(bench.broker.bootstrap, "one")) <= done_by_owner


def _pids(bench: Bench) -> set[str]:
    return {line[2] for line in bench.journal.lines()}
