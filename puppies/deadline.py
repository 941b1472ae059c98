"""A bound on the time that PostgreSQL may take for a block of queries, at no round trip of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def deadline(milliseconds: int, *, since: float | None = None) -> Iterator[None]:
    """Queries of this block that have no answer `milliseconds` after its begin raise OperationalError, also those that wait for a lock.

    `since`, an instant of `monotonic()`, counts from then instead: what a request has waited for others is part of its time.

    What is left travels with each query as its `statement_timeout`; blocks within blocks share the nearest end. Inside a transaction
    nothing is bounded: the setting would outlive the block, and whoever began the transaction has chosen its limits. Connecting is not
    bounded by it, and neither is a server that is frozen.
    """
    outer, own = _current.end, (monotonic() if since is None else since) + milliseconds / 1_000
    _current.end = own if outer is None else min(own, outer)
    try:
        if outer is None:
            with connection.execute_wrapper(_bounded):
                yield
        else:
            yield
    finally:
        _current.end = outer


def _bounded(execute: Callable[..., Any], sql: str, *parameters: Any) -> Any:
    end = _current.end
    if end is None or connection.in_atomic_block:
        return execute(sql, *parameters)
    left = ceil((end - monotonic()) * 1_000)
    if left <= 0:
        raise DeadlinePassed("the deadline has passed")
    return execute(f"SET LOCAL statement_timeout = {left}; {sql}", *parameters)
