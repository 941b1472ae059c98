"""One door for each address of a provider: one caller at a time, for so long and no longer, and nobody while nothing comes back.

A provider that is slow must cost those nothing who do not sign in with it, and a process has few threads that answer. So whoever finds
the door taken, or closed after failures, is told to come again rather than let wait.
"""

import socket
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from threading import Lock, Thread
from typing import TypeVar

from puppies.breaker import Breaker

FAILURES = 2
CLOSED_SECONDS = 10.0

T = TypeVar("T")


class DoorShut(Exception):
    """Nobody was asked: somebody is asking already, or the last ones who did were not answered."""


class Line:
    """The connections of one exchange, so that another thread can end it whatever it waits for."""

    def __init__(self) -> None:
        self._held: list[socket.socket] = []
        self._is_over = False

    def hold(self, connected: socket.socket) -> None:
        # A copy: TLS takes the descriptor of the original for itself.
        self._held.append(connected.dup())
        if self._is_over:
            self.hang_up()

    def hang_up(self) -> None:
        """Let every read and write fail, now and from now on."""
        self._is_over = True
        for held in self._held:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for held in self._held:
            held.close()


class Door:
    """The way to one address. Safe to share between threads."""

    def __init__(self, name: str) -> None:
        self._breaker = Breaker(f"provider:{name}", failures=FAILURES, seconds=CLOSED_SECONDS)
        self._taken = Lock()

    def ask(self, exchange: Callable[[Line], T], *, seconds: float) -> T:
        """What the exchange returns or raises; TimeoutError after `seconds`, wherever it is by then. Raises DoorShut."""
        if not self._taken.acquire(blocking=False):
            raise DoorShut("busy")
        if not self._breaker.allows():
            self._taken.release()
            raise DoorShut("closed")
        line, future = Line(), Future[T]()
        try:
            self._begin(exchange, line, future)
            answer = future.result(timeout=seconds)
        except Exception as error:
            self._breaker.failed(error)
            raise
        finally:
            line.hang_up()
        self._breaker.succeeded()
        return answer

    def _begin(self, exchange: Callable[[Line], T], line: Line, future: "Future[T]") -> None:
        # Looking up a name obeys no timeout, and timeouts of sockets begin anew with every byte: hence a thread that can be left.
        try:
            Thread(target=self._run, args=(exchange, line, future), name="provider", daemon=True).start()
        except BaseException:
            self._taken.release()
            raise

    def _run(self, exchange: Callable[[Line], T], line: Line, future: "Future[T]") -> None:
        try:
            answer = exchange(line)
        except BaseException as error:
            self._leave(line)
            future.set_exception(error)
        else:
            self._leave(line)
            future.set_result(answer)

    def _leave(self, line: Line) -> None:
        line.close()
        self._taken.release()


@cache
def door_to(name: str) -> Door:
    """The one Door of this process to an address."""
    return Door(name)
