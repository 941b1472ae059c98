"""The home feed against its promise, whatever people and workers do in whatever order."""

import inspect
import itertools
from dataclasses import dataclass, field

import pytest
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from accounts.services import follow_user, unfollow_user
from config.celery import app
from posts.events import PostPublished
from posts.models import Post
from posts.services import publish_post
from puppies.events import publish
from puppies.ids import MAX_ID, next_id
from puppies.models import Delivery
from puppies.outbox.runner import Step, run
from tests.feeds.readers import Reader, work_all_off, work_off

PEOPLE = 3
people = st.integers(0, PEOPLE - 1)
pairs = st.sampled_from(list(itertools.permutations(range(PEOPLE), 2)))
numbers = st.integers(0, 99)


def breaking_after(batches: int, step: Step) -> Step:
    """`step`, but raising at the end of the batch after so many."""
    numbers = itertools.count()

    def breaking(**payload: int) -> int | None:
        following = step(**payload)
        if next(numbers) >= batches:
            raise ConnectionResetError
        return following

    return breaking


@dataclass
class Walk:
    """A reader on its way down the feed, page by page, while others write."""

    who: int
    limit: int
    throughout: set[int]
    shown: list[int] = field(default_factory=list)
    before: int | None = MAX_ID


class HomeFeeds(RuleBasedStateMachine):
    """Three accounts that read and write. What each should see is kept in plain sets."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.readers = [Reader.following() for _ in range(PEOPLE)]
        self.follows: set[tuple[int, int]] = set()
        self.authors: dict[int, int] = {}
        self.unseen: set[int] = set()
        self.suspended: set[int] = set()
        self.reserved: list[tuple[int, int]] = []
        self.walks: list[Walk] = []

    def teardown(self) -> None:
        for walk in self.walks:
            while walk.before is not None and walk.who not in self.suspended:
                self.turn(walk)
        transaction.savepoint_rollback(self.savepoint)

    def feed_of(self, who: int) -> list[int]:
        """The oracle."""
        seen = {who} | {followee for follower, followee in self.follows if follower == who}
        return sorted(
            (
                post
                for post, author in self.authors.items()
                if author in seen - self.suspended and post not in self.unseen
            ),
            reverse=True,
        )

    @initialize(follows=st.sets(pairs), writers=st.lists(people, max_size=4), is_settled=st.booleans())
    def begin(self, follows: set[tuple[int, int]], writers: list[int], *, is_settled: bool) -> None:
        for pair in sorted(follows):
            self.follow_or_unfollow(pair)
        for who in writers:
            self.publish(who)
        if is_settled:
            work_all_off()

    @rule(who=people)
    def publish(self, who: int) -> None:
        post = publish_post(author_id=self.readers[who].user.id, content="wuff")
        self.authors[post.id] = who

    @rule(who=people)
    def begin_a_long_transaction(self, who: int) -> None:
        self.reserved.append((who, next_id()))

    @precondition(lambda self: self.reserved)
    @rule(number=numbers)
    def commit_a_long_transaction(self, number: int) -> None:
        who, own_id = self.reserved.pop(number % len(self.reserved))
        author = self.readers[who].user
        Post.objects.create(id=own_id, feed_id=own_id, author=author, content="late")
        publish(PostPublished(post_id=own_id, author_id=author.id))
        self.authors[own_id] = who

    @rule(pair=pairs)
    def follow_or_unfollow(self, pair: tuple[int, int]) -> None:
        who, whom = pair
        write = unfollow_user if pair in self.follows else follow_user
        write(follower_id=self.readers[who].user.id, followee_id=self.readers[whom].user.id)
        self.follows ^= {pair}

    @precondition(lambda self: self.authors)
    @rule(number=numbers)
    def hide_or_restore(self, number: int) -> None:
        post = sorted(self.authors)[number % len(self.authors)]
        self.unseen ^= {post}
        state = Post.State.HIDDEN if post in self.unseen else Post.State.PUBLISHED
        Post.objects.filter(id=post).update(state=state)

    @rule(who=people)
    def suspend_or_reinstate(self, who: int) -> None:
        self.suspended ^= {who}
        state = User.State.SUSPENDED if who in self.suspended else User.State.ACTIVE
        User.objects.filter(id=self.readers[who].user.id).update(state=state)
        if state == User.State.ACTIVE:
            self.readers[who] = self.readers[who].signed_in_anew()

    @rule(number=numbers)
    def deliver(self, number: int) -> None:
        """Any waiting delivery: late, out of order."""
        if waiting := Delivery.objects.filter(done_at=None).order_by("id"):
            work_off(waiting[number % len(waiting)])

    @rule(number=numbers)
    def deliver_again(self, number: int) -> None:
        if done := Delivery.objects.exclude(done_at=None).order_by("id"):
            work_off(done[number % len(done)])

    @rule()
    def deliver_everything(self) -> None:
        work_all_off()

    @rule(number=numbers, batches=st.integers(0, 2))
    def deliver_and_break(self, number: int, batches: int) -> None:
        """A worker that breaks in the batch after `batches`, having written it."""
        if waiting := Delivery.objects.filter(done_at=None).order_by("id"):
            delivery = waiting[number % len(waiting)]
            run(
                delivery_id=delivery.id,
                step=breaking_after(batches, inspect.unwrap(app.tasks[delivery.task].run)),
            )

    @rule(who=people, limit=st.integers(1, 3))
    def begin_a_walk(self, who: int, limit: int) -> None:
        if who not in self.suspended:
            self.walks.append(Walk(who, limit, set(self.feed_of(who))))

    @precondition(lambda self: self.walks)
    @rule(number=numbers)
    def turn_a_page(self, number: int) -> None:
        walk = self.walks[number % len(self.walks)]
        if walk.before is not None and walk.who not in self.suspended:
            self.turn(walk)

    def turn(self, walk: Walk) -> None:
        page = self.readers[walk.who].page(limit=walk.limit, before=walk.before or 0)
        ids = [item.id for item in page.items]
        below = [post for post in self.feed_of(walk.who) if post < (walk.before or 0)]

        assert ids == below[: walk.limit]
        assert (page.scanned is None) == (len(below) <= walk.limit)
        walk.shown += ids
        walk.before = page.scanned
        if page.scanned is None:
            assert walk.throughout <= set(walk.shown)
            assert walk.shown == sorted(set(walk.shown), reverse=True)

    @invariant()
    def walks_remember_what_was_there_throughout(self) -> None:
        for walk in self.walks:
            walk.throughout &= set(self.feed_of(walk.who))

    @invariant()
    def every_feed_is_what_it_should_be(self) -> None:
        for who, reader in enumerate(self.readers):
            if who not in self.suspended:
                assert reader.ids() == self.feed_of(who)


@pytest.mark.django_db
def test_every_feed_is_what_its_reader_was_promised() -> None:
    with override_settings(FEED_BATCH=1, DELIVERY_MAX_ATTEMPTS=1_000):
        run_state_machine_as_test(
            HomeFeeds,
            settings=settings(
                max_examples=100,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
