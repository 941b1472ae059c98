import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puppies import trace

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
GOOD = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


@pytest.mark.parametrize("flags", ["00", "01", "ff"])
def test_a_well_formed_traceparent_names_its_trace(flags: str) -> None:
    assert trace.trace_id_of(f"00-{TRACE_ID}-00f067aa0ba902b7-{flags}") == TRACE_ID


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "00",
        f"01-{TRACE_ID}-00f067aa0ba902b7-01",
        f"ff-{TRACE_ID}-00f067aa0ba902b7-01",
        f"00-{TRACE_ID.upper()}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID[:-1]}-00f067aa0ba902b7-01",
        f"{GOOD}\n",
        f" {GOOD}",
        f"{GOOD}-extra",
        f"{GOOD}\r\nX-Evil: 1",
        "٠" * 55,
        "a" * 100_000,
    ],
)
def test_a_malformed_traceparent_names_none(traceparent: str) -> None:
    assert trace.trace_id_of(traceparent) is None


@given(st.text())
def test_reading_a_traceparent_never_raises(traceparent: str) -> None:
    assert trace.trace_id_of(traceparent) is None


def test_work_goes_on_in_the_trace_it_was_given() -> None:
    with trace.tracing(traceparent=GOOD, request_id="request-1") as own:
        assert trace.current() == own == trace.Trace(TRACE_ID, "request-1")
        assert trace.trace_id_of(own.traceparent) == TRACE_ID

    assert trace.current() is None


def test_work_without_a_trace_begins_one_of_its_own() -> None:
    with trace.tracing(traceparent="nonsense") as first, trace.tracing() as second:
        assert first.trace_id != second.trace_id
        assert first.request_id == first.trace_id

    assert trace.trace_id_of(first.traceparent) == first.trace_id


def test_each_hop_is_a_span_of_its_own() -> None:
    with trace.tracing(traceparent=GOOD) as own:
        assert own.traceparent != own.traceparent


def test_inner_work_does_not_outlive_its_trace() -> None:
    with trace.tracing(traceparent=GOOD) as outer:
        with trace.tracing():
            assert trace.current() != outer
        assert trace.current() == outer


def test_log_records_carry_the_trace() -> None:
    record = logging.makeLogRecord({})

    with trace.tracing(traceparent=GOOD):
        trace.TraceFilter().filter(record)
    inside = record.__dict__["trace_id"]
    trace.TraceFilter().filter(record)

    assert (inside, record.__dict__["trace_id"]) == (TRACE_ID, "-")
