"""Real concurrency: calls that start together, each on a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def run_together(*calls: Callable[[], T]) -> list[T]:
    """Start every call at the same moment in a thread of its own; their results in order. Raises what a call raised."""
    start = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        start.wait(timeout=10)
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=30) for future in [pool.submit(run, call) for call in calls]]


def on_own_connection(call: Callable[[], T]) -> T:
    """Run `call` in a thread, on another connection than the test's."""
    (result,) = run_together(call)
    return result
