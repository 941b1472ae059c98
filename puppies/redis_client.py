"""Redis on the hot path: no retries, short timeouts, and a breaker that spares requests a server that does not answer.

redis-py would try ten times by default (seconds on a hung server). Here a request loses at most the two timeouts, and after a few
such requests in a row nobody of this process asks for a while, whatever for.
"""

import os
from functools import cache
from select import POLLIN, poll
from threading import local
from typing import Any

import hiredis
import redis
from django.conf import settings
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import InvalidResponse, NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from puppies.breaker import Breaker

Word = str | int | float | bytes

LARGEST_READ = 65_536

_own = local()
breaker = Breaker("redis")


@cache
def client() -> "redis.Redis":
    """The process's client; safe to share between threads and to inherit by a fork."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=settings.REDIS_TIMEOUT_MS / 1000,
        socket_timeout=settings.REDIS_TIMEOUT_MS / 1000,
        retry=None,
        retry_on_error=[],
        # The handshake would otherwise spend further round trips, each of which may time out.
        driver_info=None,
        protocol=2,
    )


def ask(*words: Word) -> Any:
    """One command on the connection of this thread; its answer.

    For what every request asks: borrowing from the pool and redis-py's bookkeeping around a command cost more than the command.
    Raises redis.RedisError.
    """
    line = _own_line()
    try:
        return line.ask(words)
    except ResponseError:
        raise
    except BaseException:
        # The answer may still be under way: it must not meet the next command.
        hang_up()
        raise


def ask_guarded(*words: Word) -> Any:
    """Like `ask`, through the breaker of this process. Raises redis.RedisError also without asking, while the breaker is open."""
    if not breaker.allows():
        raise RedisError("not asked: it did not answer a moment ago")
    try:
        answer = ask(*words)
    except (RedisError, OSError) as error:
        breaker.failed(error)
        raise
    breaker.succeeded()
    return answer


class Line:
    """A connection that redis-py made (address, TLS, password, database), spoken on through hiredis alone."""

    def __init__(self, connection: Any) -> None:
        connection.connect()
        self._connection = connection
        self._socket = connection._sock  # noqa: SLF001 - redis-py shows it nowhere else
        self._reader = hiredis.Reader(protocolError=InvalidResponse, replyError=_refusal)
        self._poll = poll()
        self._poll.register(self._socket, POLLIN)

    def is_closed(self) -> bool:
        """Whether the server has left. Nothing was asked, so nothing but its good-bye can be there to read."""
        return bool(self._poll.poll(0))

    def ask(self, words: tuple[Word, ...]) -> Any:
        """One command and its answer. Raises redis.RedisError."""
        try:
            self._socket.sendall(hiredis.pack_command(words))  # type: ignore[arg-type]  # declared for one word
            while (answer := self._reader.gets()) is False:
                self._reader.feed(self._received())
        except TimeoutError as error:
            raise RedisTimeout("Redis took too long") from error
        except OSError as error:
            raise RedisGone(str(error)) from error
        if isinstance(answer, RedisError):
            raise answer
        return answer

    def close(self) -> None:
        """End the connection."""
        self._connection.disconnect()

    def _received(self) -> bytes:
        data: bytes = self._socket.recv(LARGEST_READ)
        if not data:
            raise RedisGone("Redis has closed the connection")
        return data


def hang_up() -> None:
    """End this thread's connection; the next command makes another."""
    line = getattr(_own, "line", None)
    _own.line = None
    if line is not None:
        line.close()


def _own_line() -> Line:
    owner = os.getpid(), client()
    line: Line | None = getattr(_own, "line", None)
    if line is None or _own.owner != owner or line.is_closed():
        hang_up()
        pool = owner[1].connection_pool
        line = _own.line = Line(pool.connection_class(**pool.connection_kwargs))
        _own.owner = owner
    return line


def _refusal(message: str) -> RedisError:
    return NoScriptError(message) if message.startswith("NOSCRIPT") else ResponseError(message)
