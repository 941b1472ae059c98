"""What happened is added to its day exactly once: by ranges of ids, by facts, and by what the drain leaves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.deletion import purge_batch, request_deletion
from accounts.models import User
from accounts.services import follow_user, register_user, unfollow_user
from config.analytics import counting
from config.analytics.models import DailyFigures
from config.tasks import count_comment, count_follow, count_signup
from interactions.events import CommentPublished
from posts.models import Post
from posts.services import delete_post
from puppies.events import publish
from puppies.ids import first_id_at
from puppies.models import Delivery
from puppies.outbox import leases
from tests.config.analytics.days import (
    A_MOMENT,
    AFTER,
    BEFORE,
    MIDNIGHT,
    figures,
    post_at,
    settled,
)
from tests.factories import PASSWORD, PostFactory, UserFactory
from tests.plans import analyze, plan_of
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)
TASKS = {
    "config.count_signup": count_signup,
    "config.count_follow": count_follow,
    "config.count_comment": count_comment,
}


@pytest.fixture
def author() -> User:
    return UserFactory.create()


class Killed(BaseException):
    """The process ends here."""


@transaction.atomic
def killed_after(*steps: Callable[[], object]) -> None:
    """Do these in a transaction, and end before its commit."""
    for step in steps:
        step()
    raise Killed


def open_deliveries() -> list[Delivery]:
    """What waits for the queue `analytics`, in no order that means anything."""
    return list(Delivery.objects.filter(task__in=TASKS, done_at=None).order_by("-id"))


def deliver(delivery: Delivery) -> None:
    """What a worker does with the message, as often as it comes."""
    TASKS[delivery.task](delivery_id=delivery.id)


def test_posts_count_on_the_day_whose_milliseconds_their_ids_carry(author: User) -> None:
    post_at(author, MIDNIGHT - A_MOMENT, place=2**22 - 1)
    post_at(author, MIDNIGHT)
    post_at(author, MIDNIGHT, place=1)
    counting.begin_day(BEFORE)

    counting.count_settled(now=settled(MIDNIGHT + timedelta(hours=1)))

    assert figures(BEFORE, "posts", "is_counted") == (1, True)
    assert figures(AFTER, "posts", "is_counted") == (2, False)


def test_what_may_still_change_is_left_for_later(author: User) -> None:
    counting.begin_day(AFTER)
    post_at(author, MIDNIGHT + timedelta(minutes=1))

    counting.count_settled(now=MIDNIGHT + timedelta(minutes=1, seconds=5))
    early = figures(AFTER, "posts")
    # Began earlier, commits later: its id is of a time that was not counted yet.
    post_at(author, MIDNIGHT + timedelta(minutes=1), place=7)
    counting.count_settled(now=settled(MIDNIGHT + timedelta(minutes=2)))

    assert (early, figures(AFTER, "posts")) == ((0,), (2,))


def test_days_that_nobody_counted_are_caught_up_with(author: User) -> None:
    counting.begin_day(BEFORE)
    for hours in (1, 25, 49, 73):
        post_at(author, MIDNIGHT + timedelta(hours=hours - 24))

    slices = counting.count_settled(now=settled(MIDNIGHT + timedelta(days=3)))

    assert list(DailyFigures.objects.order_by("day").values_list("posts", "is_counted")) == [
        (1, True),
        (1, True),
        (1, True),
        (1, True),
        (0, False),
    ]
    assert slices == 4 * 24


def test_the_first_run_begins_with_the_day_at_hand(author: User) -> None:
    PostFactory.create(author=author)

    counting.count_settled(now=settled(timezone.now()) + timedelta(seconds=1))

    assert list(DailyFigures.objects.values_list("posts", flat=True)) == [1]


def test_two_counters_at_once_count_each_post_once(author: User) -> None:
    counting.begin_day(BEFORE)
    for minute in range(90):
        post_at(author, MIDNIGHT - timedelta(days=1) + timedelta(minutes=minute))

    run_together(*[lambda: counting.count_settled(now=settled(MIDNIGHT - timedelta(hours=20)))] * 3)

    assert figures(BEFORE, "posts", "counted_until") == (90, MIDNIGHT - timedelta(hours=20))


def test_a_slice_that_is_cut_off_is_counted_by_the_next_run(author: User) -> None:
    counting.begin_day(BEFORE)
    post_at(author, MIDNIGHT - timedelta(days=1))
    until = MIDNIGHT - timedelta(hours=23)

    with pytest.raises(Killed):
        killed_after(lambda: counting.count_slice(until=until))
    cut_off = figures(BEFORE, "posts")
    counting.count_settled(now=settled(until))

    assert (cut_off, figures(BEFORE, "posts")) == ((0,), (1,))


def test_a_deleted_post_was_published_all_the_same(author: User) -> None:
    post = PostFactory.create(author=author)
    delete_post(post_id=post.id)

    counting.count_settled(now=settled(timezone.now()) + timedelta(seconds=1))

    assert DailyFigures.objects.get().posts == 1


def test_erasing_an_account_changes_no_day_that_is_counted(author: User) -> None:
    counting.begin_day(BEFORE)
    post_at(author, MIDNIGHT - timedelta(hours=1))
    counting.add_fact(figure="signups", identifier=first_id_at(MIDNIGHT - timedelta(hours=2)))
    counting.count_settled(now=settled(MIDNIGHT))
    before = DailyFigures.objects.filter(day=BEFORE).values().get()

    request_deletion(user_id=author.id)
    User.objects.filter(id=author.id).update(state=User.State.PURGING)
    step: int | None = 0
    while step is not None:
        step = purge_batch(user_id=author.id, step=step)
    counting.count_settled(now=settled(MIDNIGHT + timedelta(minutes=5)))

    assert not User.objects.exists()
    assert DailyFigures.objects.filter(day=BEFORE).values().get() == before


def test_facts_count_once_however_often_and_in_whatever_order_they_come() -> None:
    luna = register_user(username="luna", email="luna@example.test", password=PASSWORD)
    rex = register_user(username="rex", email="rex@example.test", password=PASSWORD)
    follow_user(follower_id=luna.id, followee_id=rex.id)
    unfollow_user(follower_id=luna.id, followee_id=rex.id)
    with transaction.atomic():
        publish(CommentPublished(comment_id=first_id_at(timezone.now()), post_id=1, author_id=rex.id))
    deliveries = open_deliveries()

    for delivery in [*deliveries, *deliveries]:
        deliver(delivery)

    assert len(deliveries) == 4
    assert open_deliveries() == []
    assert DailyFigures.objects.values_list("signups", "follows", "comments").get() == (2, 1, 1)


def test_a_fact_that_is_lost_with_its_worker_counts_when_it_comes_again() -> None:
    register_user(username="luna", email="luna@example.test", password=PASSWORD)
    [delivery] = open_deliveries()
    claimed = leases.claim(delivery_id=delivery.id)
    assert claimed is not None
    with pytest.raises(Killed):
        killed_after(
            lambda: leases.lock(delivery_id=delivery.id),
            lambda: counting.add_fact(figure="signups", identifier=claimed.payload["user_id"]),
            lambda: leases.finish(delivery_id=delivery.id),
        )
    lost = DailyFigures.objects.count()
    Delivery.objects.filter(id=delivery.id).update(lease_until=timezone.now() - timedelta(seconds=1))

    deliver(delivery)

    assert (lost, DailyFigures.objects.get().signups) == (0, 1)


def test_a_fact_that_comes_days_later_is_added_to_its_own_day() -> None:
    counting.begin_day(BEFORE)
    counting.count_settled(now=settled(MIDNIGHT + timedelta(hours=1)))
    DailyFigures.objects.filter(day=BEFORE).update(closed_at=timezone.now())

    counting.add_fact(figure="follows", identifier=first_id_at(MIDNIGHT) - 1)
    counting.add_fact(figure="follows", identifier=first_id_at(MIDNIGHT))

    assert (figures(BEFORE, "follows"), figures(AFTER, "follows")) == ((1,), (1,))


def test_many_facts_at_once_are_all_counted() -> None:
    identifier = first_id_at(MIDNIGHT)

    run_together(*[lambda: counting.add_fact(figure="comments", identifier=identifier)] * 8)

    assert figures(AFTER, "comments") == (8,)


def test_a_figure_that_no_fact_tells_is_refused() -> None:
    with pytest.raises(ValueError, match="likes"):
        counting.add_fact(figure="likes", identifier=1)


@pytest.fixture
def many_posts(author: User) -> None:
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    ids = [first_id_at(begin + timedelta(seconds=5 * second)) for second in range(10_000)]
    Post.objects.bulk_create(Post(id=i, feed_id=i, author=author, content="many") for i in ids)
    analyze("posts_post")


def test_a_slice_is_counted_by_the_index_alone(many_posts: None) -> None:
    begin = datetime(2026, 3, 2, tzinfo=UTC)

    plan = plan_of(counting.POSTS, (first_id_at(begin), first_id_at(begin + counting.SLICE)))

    assert plan.scanned_whole() == set()
    assert len(plan.indexes()) == 1
