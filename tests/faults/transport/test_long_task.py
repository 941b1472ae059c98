"""A task may take longer than `max.poll.interval.ms`."""

from collections import Counter

import pytest
from celery import Celery

from tests.faults.transport.publishing import committed, store_numbers
from tests.faults.transport.servers import Bench, wait_until


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_a_task_longer_than_the_poll_interval_runs_once(bench: Bench, outbox: Celery, pool: str) -> None:
    bench.options["max_poll_interval_ms"] = 2_500
    worker = bench.worker("patient", pool=pool, concurrency=1)
    worker.wait_until_assigned()

    store_numbers(outbox, [1], seconds=6)
    store_numbers(outbox, [2])

    wait_until(lambda: len(bench.journal.runs()) == 2, timeout=15, what="both tasks ran")
    wait_until(
        lambda: sum(committed(bench.broker.bootstrap, "one")) == 2, timeout=5, what="both are committed"
    )
    assert bench.journal.started() == Counter({1: 1, 2: 1})
    assert not worker.has_logged("Revoked: ")
    assert not worker.has_logged("Lost: ")
