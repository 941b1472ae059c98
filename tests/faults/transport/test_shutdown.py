"""Deployments: workers end promptly, nothing is lost, and they say how they are."""

import json
import urllib.error
import urllib.request
from collections import Counter

from celery import Celery

from tests.faults.transport.publishing import committed, store_numbers
from tests.faults.transport.servers import Bench, free_port, wait_until


def test_rolling_restarts_lose_nothing(bench: Bench, outbox: Celery) -> None:
    count = 400
    workers = [bench.worker("a"), bench.worker("b")]
    workers[0].wait_until_assigned()
    store_numbers(outbox, range(count), seconds=0.05)

    for index, name in enumerate(["c", "d"]):
        assert workers[index].terminate() < 10
        workers[index] = bench.worker(name)
        workers[index].wait_until_assigned()
    wait_until(lambda: len(bench.journal.runs()) == count, timeout=30, what="all tasks ran")

    runs = bench.journal.runs()
    print(f"{sum(runs.values()) - count} duplicates of {count} after two rolling restarts")
    assert sorted(runs) == list(range(count))


def test_a_warm_shutdown_finishes_and_commits_what_runs(bench: Bench, outbox: Celery) -> None:
    worker = bench.worker("leaving")
    worker.wait_until_assigned()
    store_numbers(outbox, range(4), seconds=1.5)
    wait_until(lambda: len(bench.journal.started()) == 4, timeout=10, what="the tasks run")

    assert worker.terminate() < 10

    assert bench.journal.runs() == Counter(range(4))
    assert sum(committed(bench.broker.bootstrap, "one")) == 4


def test_health_says_alive_lag_and_metrics(bench: Bench, outbox: Celery) -> None:
    port = free_port()
    worker = bench.worker("healthy", concurrency=1, environment={"HEALTH_PORT": str(port)})
    worker.wait_until_assigned()

    store_numbers(outbox, range(20), seconds=1)
    wait_until(lambda: _lag(port) > 0, timeout=15, what="the lag is seen")

    status, text = _get(port, "/livez")
    assert (status, json.loads(text)["status"]) == (200, "ok")
    metrics = _get(port, "/metrics")[1]
    assert "puppies_kafka_consumer_lag" in metrics
    assert 'puppies_kafka_dead_letters_total{queue="one"} 0.0' in metrics
    assert _get(port, "/nothing")[0] == 404


def _lag(port: int) -> int:
    return int(json.loads(_get(port, "/livez")[1])["lag"].get("one", 0))


def _get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
