"""The breaker with a clock of the test's own."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from puppies import breaker as breakers
from puppies.breaker import Breaker
from tests.clock import Clock
from tests.threads import run_together

AWAY = OSError("away\nand more")


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


def failing(clock: Clock, *callers: str | None) -> Breaker:
    """A breaker of three failures to whom these callers reported one each."""
    breaker = Breaker("tests", failures=3, seconds=5, clock=clock)
    for caller in callers:
        breaker.failed(AWAY, caller)
    return breaker


def test_what_fails_for_one_caller_only_does_not_open_it(clock: Clock) -> None:
    assert not failing(clock, *["slow"] * 9).is_open
    assert not failing(clock, *["slow", "slower"] * 9).is_open


def test_the_failures_of_several_callers_open_it(clock: Clock) -> None:
    assert failing(clock, "a", "b", "c").is_open
    assert failing(clock, "a", "a", None, None).is_open


def test_one_that_fails_again_and_again_counts_anew_after_its_own_success_only(clock: Clock) -> None:
    breaker = failing(clock, "a", "b")

    breaker.succeeded("c")
    for caller in ("a", "b", "d", "e"):
        breaker.failed(AWAY, caller)
    assert not breaker.is_open
    breaker.succeeded("a")
    for caller in ("a", "f", "g"):
        breaker.failed(AWAY, caller)

    assert breaker.is_open


def test_one_that_is_failing_takes_no_turn_of_the_others(clock: Clock) -> None:
    breaker = failing(clock, "a", "b", "c")

    assert not breaker.allows("a")
    clock.now += 5
    assert [breaker.allows(caller) for caller in "abc"] == [True, False, False]
    breaker.failed(AWAY, "a")

    assert breaker.allows("other")
    breaker.succeeded("other")
    assert not breaker.is_open


def test_one_that_is_failing_waits_for_the_turn_of_another(clock: Clock) -> None:
    breaker = failing(clock, "a", "b", "c")
    clock.now += 5

    assert [breaker.allows(caller) for caller in ("other", "a", "another")] == [True, False, False]
    clock.now += 5
    assert breaker.allows("a")


def test_it_remembers_so_many_callers_and_no_more(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breakers, "REMEMBERED", 2)
    breaker = failing(clock, "a", "b")
    breaker.succeeded()

    for caller in ("b", "c", "b", "a"):
        breaker.failed(AWAY, caller)

    assert not breaker.is_open
    breaker.failed(AWAY, "b")
    assert breaker.is_open


CALLERS = st.sampled_from([None, "a", "b", "c"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["ask", "succeeded", "failed"]), CALLERS),
        st.floats(0, 3, allow_nan=False, width=16),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, failures=st.integers(1, 4), seconds=st.sampled_from([0.5, 1.0, 2.0]))
def test_it_does_as_the_model_says(
    steps: list[tuple[str, str | None] | float], failures: int, seconds: float
) -> None:
    """The model: the failures in a row, who is failing, and when somebody, and when somebody else than these, was last busy."""
    clock = Clock()
    breaker = Breaker("tests", failures=failures, seconds=seconds, clock=clock)
    row, failing, anybody, others = 0, set[str | None](), 0.0, 0.0

    for step in steps:
        if isinstance(step, float):
            clock.now += step
            continue
        kind, caller = step
        counts = caller is None or caller not in failing
        busy = kind == "failed"
        if kind == "ask":
            may = row < failures or clock.now >= (others if counts else anybody) + seconds
            assert breaker.allows(caller) is may
            busy = may and row >= failures
        elif kind == "failed":
            breaker.failed(AWAY, caller)
            row, failing = row + counts, failing | {caller}
        else:
            breaker.succeeded(caller)
            row, failing = 0, failing - {caller}
        if busy:
            anybody, others = clock.now, clock.now if counts else others
        assert breaker.is_open is (row >= failures)
