"""Redis on the hot path: no retries, short timeouts, and a breaker that spares requests a server that does not answer.

redis-py would try ten times by default (seconds on a hung server). Here a request loses at most the two timeouts, and after a few
such requests in a row nobody asks for a while.
"""

import logging
import os
from functools import cache
from threading import Lock, local
from time import monotonic
from typing import Any

import redis
from django.conf import settings
from redis.exceptions import ResponseError

CONNECT_SECONDS = 0.05
ANSWER_SECONDS = 0.05
FAILURES = 3
OPEN_SECONDS = 1.0

_own = local()
logger = logging.getLogger(__name__)


@cache
def client() -> "redis.Redis":
    """The process's client; safe to share between threads and to inherit by a fork."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=None,
        retry_on_error=[],
        # The handshake would otherwise spend further round trips, each of which may time out.
        driver_info=None,
        protocol=2,
    )


def ask(*words: str | int | float) -> Any:
    """One command on the connection of this thread; its answer.

    For what every request asks: borrowing from the pool and redis-py's bookkeeping around a command cost more than the command.
    Raises redis.RedisError.
    """
    connection = _own_connection()
    try:
        if _was_closed(connection):
            connection.disconnect()
        connection.send_command(*words)
        return connection.read_response()
    except ResponseError:
        raise
    except BaseException:
        # The answer may still be under way: it must not meet the next command.
        connection.disconnect()
        raise


def _own_connection() -> Any:
    owner = os.getpid(), client()
    if getattr(_own, "owner", None) != owner:
        pool = client().connection_pool
        _own.owner, _own.connection = owner, pool.connection_class(**pool.connection_kwargs)
    return _own.connection


def _was_closed(connection: Any) -> bool:
    # Nothing was asked, so nothing but the server's good-bye can be there to read.
    return bool(connection.is_connected and connection.can_read(timeout=0))


class Breaker:
    """Whether to ask a server: not for `seconds` after `failures` in a row, and then by one request at a time."""

    def __init__(self, *, failures: int = FAILURES, seconds: float = OPEN_SECONDS) -> None:
        self._most = failures
        self._seconds = seconds
        self._failures = 0
        self._again_at = 0.0
        self._lock = Lock()

    @property
    def is_open(self) -> bool:
        """Whether the server counts as away."""
        return self._failures >= self._most

    def allows(self) -> bool:
        """Whether this request may ask; while open only the first of each period may."""
        if not self.is_open:
            return True
        with self._lock:
            now = monotonic()
            if now < self._again_at:
                return False
            self._again_at = now + self._seconds
            return True

    def succeeded(self) -> None:
        """The server answered."""
        if self._failures:
            if self.is_open:
                logger.warning("redis_available")
            self._failures = 0

    def failed(self, error: Exception) -> None:
        """The server did not answer."""
        with self._lock:
            self._failures += 1
            self._again_at = monotonic() + self._seconds
            is_news = self._failures == self._most
        if is_news:
            logger.warning("redis_unavailable error=%s", _first_line(error))


def _first_line(error: Any) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0]
