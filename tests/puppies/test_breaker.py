"""The breaker with a clock of the test's own."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from puppies.breaker import Breaker
from tests.threads import run_together

AWAY = OSError("away\nand more")


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(clock: Clock) -> Breaker:
    breaker = Breaker("tests", failures=2, seconds=5, clock=clock)
    for _ in range(2):
        assert breaker.allows()
        breaker.failed(AWAY)
    return breaker


def is_open_for_prometheus() -> float | None:
    return REGISTRY.get_sample_value("puppies_breaker_open", {"breaker": "tests"})


def test_it_opens_after_failures_in_a_row_only(clock: Clock) -> None:
    breaker = Breaker("tests", failures=2, clock=clock)

    for _ in range(5):
        breaker.failed(AWAY)
        breaker.succeeded()

    assert (breaker.is_open, breaker.allows()) == (False, True)
    breaker.failed(AWAY)
    breaker.failed(AWAY)
    assert (breaker.is_open, breaker.allows()) == (True, False)


def test_while_it_is_open_one_caller_a_period_tries(clock: Clock) -> None:
    breaker = opened(clock)

    clock.now += 4.9
    assert not breaker.allows()
    clock.now += 0.1
    assert [breaker.allows() for _ in range(4)] == [True, False, False, False]
    breaker.failed(AWAY)
    clock.now += 4.9
    assert not breaker.allows()
    clock.now += 0.1
    assert breaker.allows()


def test_one_success_closes_it(clock: Clock) -> None:
    breaker = opened(clock)
    clock.now += 5
    assert breaker.allows()

    breaker.succeeded()

    assert [breaker.allows() for _ in range(3)] == [True, True, True]


def test_a_caller_that_never_reports_does_not_keep_it_open(clock: Clock) -> None:
    breaker = opened(clock)
    clock.now += 5
    assert breaker.allows()

    clock.now += 5

    assert breaker.allows()


def test_of_many_at_once_one_tries(clock: Clock) -> None:
    breaker = opened(clock)
    clock.now += 5

    assert sorted(run_together(*[breaker.allows] * 16)) == [False] * 15 + [True]


def test_no_failure_of_many_at_once_is_lost(clock: Clock) -> None:
    breaker = Breaker("tests", failures=16, clock=clock)

    run_together(*[lambda: breaker.failed(AWAY)] * 15)

    assert not breaker.is_open
    breaker.failed(AWAY)
    assert breaker.is_open


def test_each_change_is_told_once(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "puppies.breaker"):
        breaker = opened(clock)
        states = [is_open_for_prometheus()]
        breaker.failed(AWAY)
        breaker.succeeded()
        breaker.succeeded()
        states.append(is_open_for_prometheus())

    assert states == [1.0, 0.0]
    assert [record.getMessage() for record in caplog.records] == [
        "tests_unavailable error=away",
        "tests_available",
    ]


STEPS = st.lists(
    st.one_of(
        st.just("ask"), st.just("succeeded"), st.just("failed"), st.floats(0, 3, allow_nan=False, width=16)
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, failures=st.integers(1, 4), seconds=st.sampled_from([0.5, 1.0, 2.0]))
def test_it_does_as_the_model_says(steps: list[str | float], failures: int, seconds: float) -> None:
    """The model: failures in a row, and the moment before which nobody may try once there are too many."""
    clock = Clock()
    breaker = Breaker("tests", failures=failures, seconds=seconds, clock=clock)
    row, again_at = 0, 0.0

    for step in steps:
        if isinstance(step, float):
            clock.now += step
        elif step == "ask":
            may = row < failures or clock.now >= again_at
            assert breaker.allows() is may
            again_at = clock.now + seconds if may and row >= failures else again_at
        elif step == "failed":
            breaker.failed(AWAY)
            row, again_at = row + 1, clock.now + seconds
        else:
            breaker.succeeded()
            row = 0
        assert breaker.is_open is (row >= failures)
