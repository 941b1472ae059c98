"""Fixtures: a private broker per test, Celery apps that publish to it, workers as processes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu import Queue

from puppies import kafka
from puppies.kafka.topics import ensure_topics
from tests.faults.transport.servers import Bench

QUEUES = ["one", "two", "three", "four", "five"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A started broker with the topics of all queues."""
    bench = Bench(tmp_path)
    bench.broker.start()
    ensure_topics(bench.broker.bootstrap, QUEUES, partitions=4)
    try:
        yield bench
    finally:
        bench.close()


@pytest.fixture
def outbox(bench: Bench) -> Iterator[Celery]:
    """A Celery app for `publish_tasks`: it routes as the workers do and knows none of their tasks."""
    app = _application(f"puppies-kafka://{bench.broker.bootstrap}", bench.options)
    yield app
    app.close()


@pytest.fixture
def publisher(bench: Bench) -> Iterator[Celery]:
    """The same for plain `send_task`, on the transport under test."""
    app = _application(bench.url(), json.loads(bench.environment()["TEST_TRANSPORT_OPTIONS"]))
    yield app
    app.close()


def _application(url: str, options: dict[str, Any]) -> Celery:
    kafka.register()
    app = Celery("publisher", broker=url, set_as_current=False)
    app.conf.update(
        broker_transport_options=options,
        task_queues=[Queue(name) for name in QUEUES],
        task_default_queue="one",
        task_routes={f"{name}.*": {"queue": name} for name in QUEUES},
        task_create_missing_queues=False,
        task_publish_retry=False,
        task_ignore_result=True,
    )
    return app
