"""Every displayed count, and what is liked, against the rows that people made, in whatever order people, drains and crashes come.

`make test` runs some hundreds of examples, `make test-long` thousands (COUNT_EXAMPLES).
"""

import itertools
import os
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as product
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.blocking import block_user, unblock_user
from accounts.deletion import purge_batch, request_deletion, start_due_purges
from accounts.models import User
from accounts.roles import OPERATOR, restore_user, suspend_user
from accounts.selectors import Counts, counts_of_many
from accounts.services import follow_user, unfollow_user
from interactions import draining
from interactions.comments.services import delete_comment, hide_comment, publish_comment
from interactions.draining import COUNTERS, drain, drain_batch
from interactions.models import RecountRound
from interactions.recounting import sweep
from interactions.selectors import liked_post_ids
from interactions.services import Liking, like_post, unlike_post
from posts.selectors import displayed_post
from posts.services import delete_post, publish_post
from puppies import ledger
from puppies.errors import NotFound
from puppies.models import LedgerEntry
from puppies.redis_client import client as redis
from tests.factories import UserFactory
from tests.interactions.village import Pair, Village, empty_the_database

EXAMPLES = int(os.environ.get("COUNT_EXAMPLES", "300"))
STEPS = 15
# So that the processes of a run share them.
PARTS = 3
PEOPLE = 4
people = st.integers(0, PEOPLE - 1)
pairs = st.sampled_from(list(itertools.permutations(range(PEOPLE), 2)))
numbers = st.integers(0, 99)


class Crash(Exception):
    """A process that ends here."""


class Villagers(RuleBasedStateMachine):
    """People who write through the services, and drains that end anywhere."""

    def __init__(self) -> None:
        super().__init__()
        empty_the_database()
        self.village = Village()
        self.users: list[User] = UserFactory.create_batch(PEOPLE)
        self.steps = itertools.count()

    def teardown(self) -> None:
        for who in range(PEOPLE):
            self.look(who)
        drain()
        assert LedgerEntry.objects.count() == 0
        for who in range(PEOPLE):
            self.look(who)
        assert sweep() == 0
        assert RecountRound.objects.get().last_found == {}

    def id_of(self, who: int) -> int:
        return int(self.users[who].id)

    def is_there(self, *who: int) -> bool:
        return not self.village.erased & set(who) and not self.village.suspended & set(who)

    def post_of(self, number: int) -> int:
        posts = sorted(self.village.authors)
        return posts[number % len(posts)]

    @rule(who=people)
    def publish(self, who: int) -> None:
        if self.is_there(who) and len(self.village.authors) < 4:
            self.village.authors[publish_post(author_id=self.id_of(who), content="wuff").id] = who

    @precondition(lambda self: self.village.authors)
    @rule(who=people, number=numbers, is_like=st.booleans())
    def like_or_unlike(self, who: int, number: int, is_like: bool) -> None:
        if not self.is_there(who):
            return
        post, village = self.post_of(number), self.village
        act = like_post if is_like else unlike_post
        own = not is_like and (who, post) in village.likes
        if not village.may_see(who, post) and not own:
            with pytest.raises(NotFound):
                act(user_id=self.id_of(who), post_id=post)
            return
        is_changed = is_like is ((who, post) not in village.likes)
        village.likes = village.likes | {(who, post)} if is_like else village.likes - {(who, post)}
        told = act(user_id=self.id_of(who), post_id=post)
        assert told == Liking(is_changed, village.likes_of(post))

    @precondition(lambda self: self.village.authors)
    @rule(number=numbers)
    def everybody_likes(self, number: int) -> None:
        for who in range(PEOPLE):
            self.like_or_unlike(who, number, is_like=True)

    @precondition(lambda self: self.village.authors)
    @rule(who=people, number=numbers)
    def comment(self, who: int, number: int) -> None:
        post = self.post_of(number)
        if self.is_there(who) and self.village.may_see(who, post):
            comment = publish_comment(author_id=self.id_of(who), post_id=post, content="wau")
            self.village.comments[comment] = (who, post)

    @precondition(lambda self: self.village.comments)
    @rule(number=numbers, is_hidden=st.booleans())
    def hide_or_delete_a_comment(self, number: int, is_hidden: bool) -> None:
        village = self.village
        comment = sorted(village.comments)[number % len(village.comments)]
        writer, post = village.comments[comment]
        author = village.authors[post]
        if not (village.may_see(writer, post) and self.is_there(writer)) or comment in village.hidden:
            return
        if is_hidden:
            hide_comment(user_id=self.id_of(author), comment_id=comment)
            village.hidden |= {comment}
        else:
            delete_comment(user_id=self.id_of(writer), comment_id=comment)
            del village.comments[comment]

    @precondition(lambda self: set(self.village.authors) - self.village.deleted)
    @rule(number=numbers)
    def delete(self, number: int) -> None:
        post = self.post_of(number)
        assert delete_post(post_id=post) is (post not in self.village.deleted)
        self.village.deleted |= {post}

    @rule(pair=pairs)
    def follow_or_unfollow(self, pair: Pair) -> None:
        village = self.village
        if self.is_there(*pair) and not {pair, pair[::-1]} & village.blocks:
            write = unfollow_user if pair in village.follows else follow_user
            assert write(follower_id=self.id_of(pair[0]), followee_id=self.id_of(pair[1]))
            village.follows ^= {pair}

    @rule(pair=pairs)
    def block_or_unblock(self, pair: Pair) -> None:
        if not self.is_there(*pair):
            return
        write = unblock_user if pair in self.village.blocks else block_user
        assert write(blocker_id=self.id_of(pair[0]), blocked_id=self.id_of(pair[1]))
        self.village.blocks ^= {pair}
        if pair in self.village.blocks:
            self.village.follows -= {pair, pair[::-1]}

    @rule(who=people)
    def suspend_or_restore(self, who: int) -> None:
        if who not in self.village.erased:
            write = restore_user if who in self.village.suspended else suspend_user
            assert write(actor_id=OPERATOR, user_id=self.id_of(who))
            self.village.suspended ^= {who}

    @precondition(lambda self: len(self.village.erased) < 2)
    @rule(who=people)
    def erase(self, who: int) -> None:
        """An account whose deletion is due, to the last batch."""
        if not self.is_there(who):
            return
        request_deletion(user_id=self.id_of(who))
        User.objects.filter(id=self.id_of(who)).update(delete_after=timezone.now() - timedelta(seconds=1))
        assert start_due_purges() == 1
        step: int | None = 0
        while step is not None:
            with transaction.atomic():
                step = purge_batch(user_id=self.id_of(who), step=step)
        self.village.erase(who)

    @rule()
    def drain_all(self) -> None:
        drain()

    @rule(counter=st.sampled_from(COUNTERS), most=st.integers(1, 3))
    def drain_a_part(self, counter: draining.Counter, most: int) -> None:
        waiting = LedgerEntry.objects.filter(counter=counter.name).values_list("subject_id", flat=True)
        drain_batch(counter, subject_ids=sorted(set(waiting)), most=most)

    @rule(number=st.integers(0, 12), is_sent=st.booleans())
    def drain_and_crash(self, number: int, is_sent: bool) -> None:
        """A drain that ends before or after its statement of this number, and its transaction with it."""
        statements = itertools.count()

        def around(execute: Any, sql: Any, parameters: Any, many: bool, context: Any) -> Any:
            is_it = next(statements) == number
            if is_it and not is_sent:
                raise Crash
            answer = execute(sql, parameters, many, context)
            if is_it:
                raise Crash
            return answer

        try:
            with connection.execute_wrapper(around):
                drain()
        except Crash:
            pass

    @rule()
    def flush_redis(self) -> None:
        """All keys of this installation."""
        for key in redis().scan_iter(f"{product.REDIS_PREFIX}*"):
            redis().delete(key)

    @rule()
    def recount(self) -> None:
        assert sweep() == 0

    def look(self, who: int) -> None:
        """What this person is shown of every post, and everybody's counts."""
        viewer, village = self.id_of(who), self.village
        shown = {post: displayed_post(post_id=post, viewer_id=viewer) for post in village.authors}
        assert {post: row and (row.like_count, row.comment_count) for post, row in shown.items()} == {
            post: (village.likes_of(post), village.comments_of(post)) if village.may_see(who, post) else None
            for post in village.authors
        }
        liked = {post for liker, post in village.likes if liker == who}
        assert liked_post_ids(viewer_id=viewer, post_ids=list(village.authors)) == liked
        there = [one for one in range(PEOPLE) if one not in village.erased]
        counts = counts_of_many(user_ids=[self.id_of(one) for one in there])
        assert counts == {self.id_of(one): Counts(*village.counts_of(one)) for one in there}

    @invariant()
    def counts_are_what_they_should_be(self) -> None:
        """One person's view after each step, everybody's at the end."""
        self.look(next(self.steps) % PEOPLE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_count_is_the_number_of_its_rows(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Likers add up by themselves, too, and a batch does not hold all.
    monkeypatch.setattr(ledger, "LONG", 5)
    monkeypatch.setattr(draining, "SHARE", 3)
    monkeypatch.setattr(draining, "ENTRIES", 4)
    run_state_machine_as_test(
        type(f"Villagers{part}", (Villagers,), {}),
        settings=settings(
            max_examples=EXAMPLES // PARTS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
