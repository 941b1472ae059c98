"""Redis on the hot path: no retries, short timeouts, and a breaker that spares requests a server that does not answer.

redis-py would try ten times by default (seconds on a hung server). Here a request loses at most the two timeouts, and after a few
such requests in a row nobody of this process asks for a while, whatever for.
"""

import os
from functools import cache
from threading import local
from typing import Any

import redis
from django.conf import settings
from redis.exceptions import RedisError, ResponseError

from puppies.breaker import Breaker

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


def ask(*words: str | int | float | bytes) -> Any:
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


def ask_guarded(*words: str | int | float | bytes) -> Any:
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


def _own_connection() -> Any:
    owner = os.getpid(), client()
    if getattr(_own, "owner", None) != owner:
        pool = client().connection_pool
        _own.owner, _own.connection = owner, pool.connection_class(**pool.connection_kwargs)
    return _own.connection


def _was_closed(connection: Any) -> bool:
    # Nothing was asked, so nothing but the server's good-bye can be there to read.
    return bool(connection.is_connected and connection.can_read(timeout=0))
