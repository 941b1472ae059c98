"""A burst of follows of one account, with no drain: who follows adds up, and every count is exact at every moment."""

import time
from functools import partial

import pytest
from pytest_django import Settings

from accounts import counters
from accounts.models import Follow, User
from accounts.selectors import counts_of, look_at_follow
from accounts.services import follow_user, unfollow_user
from interactions.draining import COUNTERS, drain, drain_batch
from puppies import ledger
from puppies.models import LedgerEntry
from puppies.sql import execute
from tests.elsewhere import Elsewhere
from tests.factories import UserFactory
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

FOLLOWERS = next(counter for counter in COUNTERS if counter.name == counters.FOLLOWERS)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LONG", 3)


def waiting_for(star: User) -> int:
    return LedgerEntry.objects.filter(counter=counters.FOLLOWERS, subject_id=star.id).count()


def followed(star: User, *, by: int) -> list[User]:
    """So many new followers, one after the other."""
    fans = UserFactory.create_batch(by)
    for fan in fans:
        follow_user(follower_id=fan.id, followee_id=star.id)
    return fans


def test_followers_keep_the_ledger_short() -> None:
    star = UserFactory.create()

    lengths = []
    for number in range(1, 11):
        followed(star, by=1)
        lengths.append(waiting_for(star))
        assert counts_of(user_id=star.id).followers == number

    assert lengths == [1, 2, 3, 0, 1, 2, 3, 0, 1, 2]
    star.refresh_from_db()
    assert star.followers_count == 8


def test_followers_at_once_add_up_once() -> None:
    star, *fans = UserFactory.create_batch(9)

    def waver(fan: User) -> None:
        pair = {"follower_id": fan.id, "followee_id": star.id}
        for _ in range(8):
            follow_user(**pair)
            unfollow_user(**pair)
        follow_user(**pair)

    run_together(*[partial(waver, fan) for fan in fans])

    assert waiting_for(star) < 40
    assert counts_of(user_id=star.id).followers == Follow.objects.count() == 8
    drain()
    star.refresh_from_db()
    assert (star.followers_count, LedgerEntry.objects.count()) == (8, 0)


def test_who_crosses_the_threshold_by_a_burst_is_pulled_from_then_on(settings: Settings) -> None:
    settings.PULL_FROM_FOLLOWERS, settings.PUSH_AGAIN_FOLLOWERS = 4, 2
    star = UserFactory.create()

    followed(star, by=4)

    star.refresh_from_db()
    assert star.fanout_mode == User.FanoutMode.PULL


def test_who_can_not_add_up_follows_all_the_same(elsewhere: Elsewhere) -> None:
    star = UserFactory.create()
    followed(star, by=3)

    with elsewhere.transaction():
        elsewhere.do(lambda: drain_batch(FOLLOWERS, subject_ids=[star.id]))
        followed(star, by=1)

    assert (counts_of(user_id=star.id).followers, waiting_for(star)) == (4, 1)


def test_adding_up_does_not_wait_long_and_never_raises(elsewhere: Elsewhere) -> None:
    star = UserFactory.create()
    followed(star, by=2)

    with elsewhere.transaction():
        elsewhere.do(lambda: execute("LOCK TABLE accounts_user IN EXCLUSIVE MODE", {}))
        begin = time.monotonic()
        ledger.add_up(counter=counters.FOLLOWERS, subject_id=star.id)
        took = time.monotonic() - begin

    assert took < 2
    assert (counts_of(user_id=star.id).followers, waiting_for(star)) == (2, 2)


def test_what_waits_for_who_follows_is_not_its_concern() -> None:
    star, other = UserFactory.create_batch(2)
    followed(star, by=2)
    follow_user(follower_id=star.id, followee_id=other.id)

    look = look_at_follow(follower_id=star.id, followee_id=other.id)

    assert (look.following, look.waiting) == (1, 1)
