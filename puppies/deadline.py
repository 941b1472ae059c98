"""A bound on the time that PostgreSQL may take for a block of queries, at no round trip of its own."""

from collections.abc import Callable
from math import ceil
from threading import local
from time import monotonic
from typing import Any

from django.db import OperationalError, connection


class DeadlinePassed(OperationalError):
    """The time of the block was over before this query was sent."""


class _Current(local):
    end: float | None = None


_current = _Current()


class deadline:  # noqa: N801 - used as a function; a generator would cost as much as the rest of it
    """Queries of this block that have no answer `milliseconds` after its begin raise OperationalError, also those that wait for a lock.

    `since`, an instant of `monotonic()`, counts from then instead: what a request has waited for others is part of its time.

    What is left travels with each query as its `statement_timeout`; blocks within blocks share the nearest end. Inside a transaction
    nothing is bounded: the setting would outlive the block, and whoever began the transaction has chosen its limits. Connecting is not
    bounded by it, and neither is a server that is frozen.
    """

    def __init__(self, milliseconds: int, *, since: float | None = None) -> None:
        self._end = (monotonic() if since is None else since) + milliseconds / 1_000
        self._outer: float | None = None

    def __enter__(self) -> None:
        self._outer = _current.end
        if self._outer is None:
            connection.execute_wrappers.append(bound)
        else:
            self._end = min(self._end, self._outer)
        _current.end = self._end

    def __exit__(self, *_: object) -> None:
        _current.end = self._outer
        if self._outer is None:
            connection.execute_wrappers.remove(bound)


def bound(execute: Callable[..., Any], sql: str, *parameters: Any) -> Any:
    """What stands around each query of a block with a deadline (Django's `execute_wrapper`)."""
    return execute(bounded(sql, in_transaction=connection.in_atomic_block), *parameters)


def bounded(sql: str, *, in_transaction: bool) -> str:
    """The query with what is left of the block's time. Raises DeadlinePassed when nothing is."""
    end = _current.end
    if end is None or in_transaction:
        return sql
    left = ceil((end - monotonic()) * 1_000)
    if left <= 0:
        raise DeadlinePassed("the deadline has passed")
    return f"SET LOCAL statement_timeout = {left}; {sql}"
