"""The buckets of a process without Redis."""

import time

from puppies.limits.buckets import Bucket, Limit
from puppies.limits.local import LocalBuckets
from tests.threads import run_together

GUARDED = Limit("guarded", 20, 36_000, "address", ("POST /v1/posts",))
OPEN = Limit("open", 20, 36_000, "address")


def test_exactly_the_limit_passes_of_200_at_once() -> None:
    local = LocalBuckets()
    bucket = Bucket(GUARDED, "a")

    def ten() -> int:
        return sum(local.take([bucket]).is_allowed for _ in range(10))

    assert sum(run_together(*[ten] * 20)) == 20


def test_all_or_nothing_and_refund() -> None:
    local = LocalBuckets()
    both = [Bucket(GUARDED, "a"), Bucket(Limit("small", 2, 36_000, "address"), "a")]

    assert [local.take(both).is_allowed for _ in range(3)] == [True, True, False]
    assert local.take(both[:1]).tightest.remaining == 17
    local.refund(both)
    assert [local.take(both).is_allowed for _ in range(2)] == [True, False]


def test_tokens_come_back_with_time() -> None:
    local = LocalBuckets()
    bucket = Bucket(Limit("fast", 10, 1, "address"), "a")
    assert [local.take([bucket]).is_allowed for _ in range(11)] == [True] * 10 + [False]

    time.sleep(0.15)

    assert [local.take([bucket]).is_allowed for _ in range(2)] == [True, False]


def test_no_number_of_strangers_makes_a_sensitive_limit_unlimited() -> None:
    local = LocalBuckets(most=3)
    known = [Bucket(GUARDED, str(number)) for number in range(3)]
    for bucket in known:
        local.take([bucket])

    assert not local.take([Bucket(GUARDED, "stranger")]).is_allowed
    assert local.take(known[:1]).tightest.remaining == 18


def test_where_nothing_sensitive_is_guarded_strangers_pass_a_full_memory() -> None:
    local = LocalBuckets(most=3)
    for number in range(3):
        local.take([Bucket(OPEN, str(number))])

    assert local.take([Bucket(OPEN, "stranger")]).is_allowed


def test_full_buckets_make_room() -> None:
    local = LocalBuckets(most=2)
    for number in range(2):
        local.take([Bucket(Limit("fast", 100, 1, "address", ("POST /",)), str(number))])
    time.sleep(0.02)

    assert local.take([Bucket(GUARDED, "stranger")]).is_allowed
