"""The id that ties a request, its facts, its tasks and its log lines together (W3C Trace Context)."""

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Trace:
    """One unit of work: `trace_id` (32 hex digits) is shared along the way, `request_id` names the request."""

    trace_id: str
    request_id: str

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{secrets.token_hex(8)}-01"


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current() -> Trace | None:
    """The trace of the work at hand, or None outside any."""
    return _current.get()


def trace_id_of(traceparent: str) -> str | None:
    """The trace id in a well-formed `traceparent`, else None (version 00, no all-zero ids)."""
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None or not int(match[1], 16) or not int(match[2], 16):
        return None
    return match[1]


@contextmanager
def tracing(*, traceparent: str = "", request_id: str = "") -> Iterator[Trace]:
    """Work within the trace that `traceparent` names, or within a new one."""
    trace_id = trace_id_of(traceparent) or secrets.token_hex(16)
    trace = Trace(trace_id, request_id or trace_id)
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)


class TraceFilter(logging.Filter):
    """Gives every log record the `trace_id` of the work at hand."""

    def filter(self, record: logging.LogRecord) -> bool:
        trace = _current.get()
        record.trace_id = trace.trace_id if trace else "-"
        return True
