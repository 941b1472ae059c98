"""Likes of a day are what the drain of the ledger left: added once, whatever becomes of the likes."""

from datetime import timedelta

import pytest

from accounts.models import User
from config.analytics import counting
from config.analytics.models import DailyFigures
from config.tasks import count_figures
from interactions.services import like_post, unlike_post
from interactions.tasks import drain_ledger
from puppies.models import DrainedTally
from tests.config.analytics.days import A_MOMENT, AFTER, BEFORE, MIDNIGHT, drained_at, figures
from tests.factories import PostFactory, UserFactory
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def author() -> User:
    return UserFactory.create()


def test_likes_are_what_the_drain_added_up_whatever_becomes_of_them(author: User) -> None:
    post = PostFactory.create(author=author)
    fans = UserFactory.create_batch(5)
    for fan in fans:
        like_post(user_id=fan.id, post_id=post.id)
    unlike_post(user_id=fans[0].id, post_id=post.id)
    not_drained = counting.add_drained()
    drain_ledger()
    for fan in fans[1:3]:
        unlike_post(user_id=fan.id, post_id=post.id)
    drain_ledger()

    counting.add_drained()
    again = counting.add_drained()

    assert (not_drained, again, DrainedTally.objects.count()) == (0, 0, 0)
    assert DailyFigures.objects.values_list("likes", "unlikes").get() == (5, 3)


def test_a_drain_without_likes_leaves_nothing(author: User) -> None:
    PostFactory.create(author=author)

    drain_ledger()

    assert DrainedTally.objects.count() == 0


def test_what_was_drained_counts_on_the_day_of_the_drain() -> None:
    drained_at(MIDNIGHT - A_MOMENT, raised=3, lowered=1)
    drained_at(MIDNIGHT, raised=4)

    counting.add_drained()

    assert (figures(BEFORE, "likes", "unlikes"), figures(AFTER, "likes", "unlikes")) == ((3, 1), (4, 0))
    assert figures(AFTER, "counted_until") == (MIDNIGHT,)


def test_tallies_taken_away_by_several_at_once_are_added_once() -> None:
    for minute in range(40):
        drained_at(MIDNIGHT + timedelta(minutes=minute), raised=10, lowered=1)

    taken = run_together(*[counting.add_drained] * 4)

    assert (sum(taken), figures(AFTER, "likes", "unlikes")) == (40, (400, 40))


def test_the_task_takes_likes_and_begins_to_count() -> None:
    drained_at(MIDNIGHT, raised=2)

    count_figures()

    assert figures(AFTER, "likes") == (2,)
    assert DailyFigures.objects.filter(is_counted=False).exists()
