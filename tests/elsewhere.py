"""Real interleavings: steps on another connection, one at a time, with its transaction left open between them."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection, transaction

T = TypeVar("T")
LIMIT_SECONDS = 30.0

WAITING = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"


class Elsewhere:
    """Another connection. Its calls run in a thread of its own, in order."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self.pid = self.do(_pid)

    def do(self, call: Callable[[], T]) -> T:
        """Run `call` there and wait for what it returns or raises."""
        return self._thread.submit(call).result(timeout=LIMIT_SECONDS)

    def start(self, call: Callable[[], T]) -> "Future[T]":
        """Begin `call` there and return once it waits for somebody's lock."""
        future = self.begin(call)
        deadline = time.monotonic() + LIMIT_SECONDS
        while not self._is_waiting():
            assert not future.done(), f"It waited for nobody and returned {future.result()}."
            assert time.monotonic() < deadline
        return future

    def begin(self, call: Callable[[], T]) -> "Future[T]":
        """Begin `call` there."""
        return self._thread.submit(call)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is done there within is committed at the end of the block."""
        block = transaction.atomic()
        self.do(block.__enter__)
        try:
            yield
        finally:
            self.do(lambda: block.__exit__(None, None, None))

    def close(self) -> None:
        """End the thread and its connection."""
        self.do(lambda: connection.close())  # noqa: PLW0108 - the connection of that thread
        self._thread.shutdown()

    def _is_waiting(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(WAITING, [self.pid])
            row = cursor.fetchone()
        return bool(row and row[0])


def _pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return int(pid)
