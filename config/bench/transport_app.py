"""The trivial Celery application of the transport benchmark, the same on either broker.

Settings are the product's, prefetch and late acknowledgement included; only broker and queue differ. `config.bench.transport_worker`
makes it from the environment for `celery worker`.
"""

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from celery import Celery
from kombu import Queue

from puppies import kafka


class Tally:
    """Counts tasks, and writes the seconds from the first to the last of `total` into a file."""

    def __init__(self, result: Path, total: int) -> None:
        self._result = result
        self._total = total
        self._count = 0
        self._first = 0.0
        self._lock = threading.Lock()

    def note(self) -> None:
        """Count one."""
        with self._lock:
            self._count += 1
            if self._count == 1:
                self._first = time.perf_counter()
            if self._count == self._total:
                write(self._result, f"{time.perf_counter() - self._first}\n")


def write(path: Path, line: str) -> None:
    """Add a line to a file by one call, so that lines stay whole whoever else writes or is killed."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def make_app(*, broker: str, options: Mapping[str, Any], queue: str) -> Celery:
    """The application on one broker with one queue, without tasks."""
    kafka.register()
    app = Celery("puppies-bench", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.update(
        broker_url=broker,
        broker_transport_options=dict(options),
        task_queues=[Queue(queue, routing_key=queue)],
        task_default_queue=queue,
        task_routes={},
        beat_schedule={},
    )
    return app


def add_tasks(app: Celery, *, result: Path, total: int) -> None:
    """`bench.count` is counted; `bench.record` works 5 ms and leaves its number in the file."""
    tally = Tally(result, total)

    @app.task(name="bench.count")
    def count(*, number: int) -> None:
        tally.note()

    @app.task(name="bench.record")
    def record(*, number: int) -> None:
        time.sleep(0.005)
        write(result, f"{number}\n")
