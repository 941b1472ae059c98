"""The script in a real Redis."""

import time

import pytest
from pytest_django import Settings

from puppies.limits import shared
from puppies.limits.buckets import Bucket, Limit
from puppies.redis_client import client
from tests.puppies.limits.conftest import SetLimits
from tests.threads import run_together

pytestmark = pytest.mark.usefixtures("limits")

SLOW = Limit("slow", 20, 36_000, "address")


def bucket(limit: Limit = SLOW, subject: str = "192.0.2.1") -> Bucket:
    return Bucket(limit, subject)


def passed(times: int, *buckets: Bucket) -> int:
    return sum(shared.take(buckets).is_allowed for _ in range(times))


def test_a_bucket_gives_what_it_holds_and_no_more() -> None:
    levels = [shared.take([bucket()]).tightest.remaining for _ in range(21)]

    assert levels == [*range(19, -1, -1), 0]
    assert passed(5, bucket()) == 0


def test_exactly_the_limit_passes_of_200_at_once() -> None:
    def ten() -> int:
        return passed(10, bucket())

    assert sum(run_together(*[ten] * 20)) == 20


def test_subjects_do_not_share() -> None:
    assert passed(20, bucket()) == 20
    assert passed(1, bucket(subject="192.0.2.2")) == 1


def test_all_or_nothing() -> None:
    small = bucket(Limit("small", 2, 36_000, "address"))

    assert passed(5, bucket(), small) == 2

    assert passed(30, bucket()) == 18


def test_a_fraction_of_a_token_is_kept() -> None:
    fast = bucket(Limit("fast", 5, 1, "address"))
    assert passed(5, fast) == 5
    begin = time.monotonic()

    count = 0
    while time.monotonic() - begin < 2.0:
        count += passed(1, fast)
        time.sleep(0.03)

    elapsed = time.monotonic() - begin
    assert int(elapsed * 5) - 1 <= count <= int(elapsed * 5) + 1


def test_what_is_refused_says_when_the_next_token_comes() -> None:
    quick = bucket(Limit("quick", 10, 60, "address"))
    passed(10, quick)

    level = shared.take([quick]).tightest

    assert (level.remaining, level.wait_seconds, level.reset_seconds) == (0, 6, 6)


def test_a_refund_gives_one_token_back_and_never_more_than_fit() -> None:
    assert passed(20, bucket()) == 20

    shared.refund([bucket()])
    assert passed(2, bucket()) == 1
    for _ in range(30):
        shared.refund([bucket()])

    assert passed(30, bucket()) == 20


def test_a_bucket_is_forgotten_when_it_is_full(settings: Settings) -> None:
    prefix = settings.REDIS_PREFIX
    shared.take([bucket(Limit("short", 10, 1, "address"))])
    key = f"{prefix}limit:short:192.0.2.1"

    lifetime = client().pttl(key)

    assert 0 < lifetime <= 100


def test_a_server_that_forgot_the_script_is_told_again() -> None:
    shared.take([bucket()])
    client().script_flush()

    assert shared.take([bucket()]).tightest.remaining == 18


@pytest.mark.parametrize("quantity", [1, 3, 7, 999])
def test_odd_limits_are_exact(limits: SetLimits, quantity: int) -> None:
    assert passed(quantity + 5, bucket(Limit("odd", quantity, 86_400, "address"))) == quantity


def test_a_limit_of_more_than_the_clock_can_tell_apart_leaves_no_more_than_it_holds() -> None:
    huge = Limit("huge", 10**9, 60, "address")

    assert shared.take([bucket(huge)]).tightest.remaining <= 10**9
