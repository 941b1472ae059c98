"""Four accounts that read and write through the real services, in whatever order; every write is a real commit."""

import inspect
import itertools
from datetime import timedelta

from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from accounts.blocking import block_user, mute_user, unblock_user, unmute_user
from accounts.roles import OPERATOR, restore_user, suspend_user
from accounts.services import follow_user, unfollow_user
from config.celery import app
from feeds.merging import rebuild_feed
from feeds.models import FeedState
from feeds.reading import read_older
from feeds.sleeping import put_absent_to_sleep
from feeds.states import lock_state
from feeds.trimming import sweep, trim_feed
from interactions.draining import drain
from posts.events import PostAwaitsFanOut, PostPublished
from posts.models import Post
from posts.services import delete_post, publish_post, publish_waiting_post
from puppies.events import publish
from puppies.ids import MAX_ID, next_id
from puppies.models import Delivery
from puppies.outbox.runner import Step, run
from tests.feeds.readers import Reader, work_all_off, work_off
from tests.feeds.town import Pair, Town, empty_the_database

PEOPLE = 4
people = st.integers(0, PEOPLE - 1)
pairs = st.sampled_from(list(itertools.permutations(range(PEOPLE), 2)))
numbers = st.integers(0, 99)
# So few that a handful of follows and posts crosses every threshold there is.
THRESHOLDS = [(1, 0), (2, 1), (3, 1), (9, 8)]


def breaking_after(batches: int, step: Step) -> Step:
    """`step`, but raising at the end of the batch after so many."""
    numbers = itertools.count()

    def breaking(**payload: int) -> int | None:
        following = step(**payload)
        if next(numbers) >= batches:
            raise ConnectionResetError
        return following

    return breaking


class Writers(RuleBasedStateMachine):
    """What people and workers do."""

    def __init__(self) -> None:
        super().__init__()
        empty_the_database()
        self.town = Town()
        self.readers = [Reader.following() for _ in range(PEOPLE)]
        self.reserved: list[Pair] = []
        self.waiting: list[Pair] = []
        self.steps = itertools.count()
        self.settings = override_settings()

    def teardown(self) -> None:
        for who in range(PEOPLE):
            self.look(who)
        self.settings.disable()

    def id_of(self, who: int) -> int:
        return int(self.readers[who].user.id)

    @initialize(
        keep=st.sampled_from([1, 2, 3, 6]),
        batch=st.sampled_from([1, 2]),
        burst=st.sampled_from([0, 1, 10]),
        thresholds=st.sampled_from(THRESHOLDS),
        follows=st.sets(pairs),
        writers=st.lists(people, max_size=6),
        is_settled=st.booleans(),
    )
    def begin(
        self,
        *,
        keep: int,
        batch: int,
        burst: int,
        thresholds: tuple[int, int],
        follows: set[Pair],
        writers: list[int],
        is_settled: bool,
    ) -> None:
        self.settings = override_settings(
            FEED_KEEP=keep,
            FEED_BATCH=batch,
            FEED_BURST=burst,
            PULL_FROM_FOLLOWERS=thresholds[0],
            PUSH_AGAIN_FOLLOWERS=thresholds[1],
            DELIVERY_MAX_ATTEMPTS=1_000,
        )
        self.settings.enable()
        for pair in sorted(follows):
            self.follow_or_unfollow(pair)
        for who in writers:
            self.publish(who)
        if is_settled:
            work_all_off()
            drain()

    @rule(who=people)
    def publish(self, who: int) -> None:
        post = publish_post(author_id=self.id_of(who), content="wuff")
        self.town.publish(post.id, post.feed_id or 0, who)

    @rule(who=people)
    def begin_a_long_transaction(self, who: int) -> None:
        self.reserved.append((who, next_id()))

    @precondition(lambda self: self.reserved)
    @rule(number=numbers)
    def commit_a_long_transaction(self, number: int) -> None:
        """A post whose id is older than posts that are seen already."""
        who, own_id = self.reserved.pop(number % len(self.reserved))
        author = self.readers[who].user
        author.refresh_from_db(fields=["fanout_mode"])
        delivery = {"push": "pushing", "pull": "pulled"}[author.fanout_mode]
        with transaction.atomic():
            Post.objects.create(id=own_id, feed_id=own_id, author=author, content="late", delivery=delivery)
            publish(PostPublished(post_id=own_id, author_id=author.id))
            if delivery == "pushing":
                publish(PostAwaitsFanOut(post_id=own_id, author_id=author.id))
        self.town.publish(own_id, own_id, who)

    @rule(who=people)
    def begin_to_upload(self, who: int) -> None:
        post = Post.objects.create(author=self.readers[who].user, content="see", state=Post.State.WAITING)
        self.waiting.append((who, post.id))

    @precondition(lambda self: self.waiting)
    @rule(number=numbers)
    def finish_an_upload(self, number: int) -> None:
        """A post whose place in feeds is newer than its id."""
        who, post_id = self.waiting.pop(number % len(self.waiting))
        assert publish_waiting_post(post_id=post_id)
        self.town.publish(post_id, Post.objects.get(id=post_id).feed_id or 0, who)

    @rule(pair=pairs)
    def follow_or_unfollow(self, pair: Pair) -> None:
        if pair in self.town.blocks or pair[::-1] in self.town.blocks:
            return
        write = unfollow_user if pair in self.town.follows else follow_user
        assert write(follower_id=self.id_of(pair[0]), followee_id=self.id_of(pair[1]))
        self.town.follows ^= {pair}

    @rule(pair=pairs)
    def block_or_unblock(self, pair: Pair) -> None:
        write = unblock_user if pair in self.town.blocks else block_user
        assert write(blocker_id=self.id_of(pair[0]), blocked_id=self.id_of(pair[1]))
        self.town.blocks ^= {pair}
        if pair in self.town.blocks:
            self.town.follows -= {pair, pair[::-1]}

    @rule(pair=pairs)
    def mute_or_unmute(self, pair: Pair) -> None:
        write = unmute_user if pair in self.town.mutes else mute_user
        assert write(muter_id=self.id_of(pair[0]), muted_id=self.id_of(pair[1]))
        self.town.mutes ^= {pair}

    @precondition(lambda self: set(self.town.authors) - self.town.deleted)
    @rule(number=numbers)
    def hide_or_restore(self, number: int) -> None:
        there = sorted(set(self.town.authors) - self.town.deleted)
        post = there[number % len(there)]
        self.town.unseen ^= {post}
        state = Post.State.HIDDEN if post in self.town.unseen else Post.State.PUBLISHED
        Post.objects.filter(id=post).update(state=state)

    @precondition(lambda self: set(self.town.authors) - self.town.deleted)
    @rule(number=numbers)
    def delete(self, number: int) -> None:
        there = sorted(set(self.town.authors) - self.town.deleted)
        post = there[number % len(there)]
        assert delete_post(post_id=post)
        self.town.deleted |= {post}

    @rule(who=people)
    def suspend_or_reinstate(self, who: int) -> None:
        write = restore_user if who in self.town.suspended else suspend_user
        assert write(actor_id=OPERATOR, user_id=self.id_of(who))
        self.town.suspended ^= {who}
        if who not in self.town.suspended:
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
            step = inspect.unwrap(app.tasks[delivery.task].run)
            run(delivery_id=delivery.id, step=breaking_after(batches, step))

    @rule()
    def count_followers(self) -> None:
        """Authors cross the threshold here, in both directions."""
        drain()

    @rule(who=people)
    def trim(self, who: int) -> None:
        trim_feed(user_id=self.id_of(who))

    @rule()
    def trim_all(self) -> None:
        sweep()

    @rule(who=people)
    def rebuild(self, who: int) -> None:
        rebuild_feed(user_id=self.id_of(who))

    @rule(who=people)
    def stay_away(self, who: int) -> None:
        with transaction.atomic():
            lock_state(user_id=self.id_of(who))
        FeedState.objects.filter(user_id=self.id_of(who)).update(seen_at=timezone.now() - timedelta(days=40))
        assert put_absent_to_sleep() <= 1

    @rule(who=people)
    def come_back(self, who: int) -> None:
        if who not in self.town.suspended:
            reader = self.readers[who]
            items = read_older(
                reader_id=reader.user.id, session_id=reader.session_id, limit=100, before=MAX_ID
            )
            assert [item.id for item in items] == self.town.feed_of(who)

    def look(self, who: int) -> None:
        if who not in self.town.suspended:
            assert self.readers[who].ids() == self.town.feed_of(who)

    @invariant()
    def feeds_are_what_they_should_be(self) -> None:
        """One reader's after each step, everybody's at the end."""
        self.look(next(self.steps) % PEOPLE)
