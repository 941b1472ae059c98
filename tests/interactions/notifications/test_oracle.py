"""What everybody is told, against an oracle, whatever people and workers do in whatever order; every write is a real commit."""

import itertools
import os

import pytest
from django.db import connection
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

from accounts.blocking import block_user, mute_user, unblock_user, unmute_user
from accounts.roles import OPERATOR, restore_user, suspend_user
from accounts.services import follow_user, unfollow_user
from interactions.comments.services import delete_comment, hide_comment, publish_comment, unhide_comment
from interactions.draining import drain
from interactions.notifications.marking import mark_read
from interactions.notifications.preferences import change_preferences
from interactions.notifications.selectors import Told, notifications, unread
from interactions.services import like_post, unlike_post
from posts.services import delete_post, publish_post
from puppies.ids import MAX_ID
from puppies.models import Delivery
from tests.factories import UserFactory
from tests.feeds.readers import work_off
from tests.interactions.notifications.village import KINDS, Pair, Village, Words

EXAMPLES = int(os.environ.get("NOTIFICATION_EXAMPLES", "60"))
PEOPLE = 3
EMPTY = "".join(
    f"DELETE FROM {table};"  # noqa: S608 - names of this module
    for table in (
        "puppies_ledgerentry", "puppies_delivery", "interactions_notification", "interactions_notificationgroup",
        "interactions_notificationinbox", "interactions_comment", "interactions_like", "feeds_feedentry", "feeds_feedstate",
        "posts_post", "accounts_follow", "accounts_block", "accounts_mute", "accounts_refreshtoken", "accounts_session",
        "accounts_auditentry", "accounts_user",
    )
)  # fmt: skip
people = st.integers(0, PEOPLE - 1)
pairs = st.sampled_from(list(itertools.permutations(range(PEOPLE), 2)))
mentioned = st.sets(people, max_size=2)
numbers = st.integers(0, 99)


class Notifications(RuleBasedStateMachine):
    """Three people, and workers who come late."""

    def __init__(self) -> None:
        super().__init__()
        with connection.cursor() as cursor:
            cursor.execute(EMPTY)
        self.village = Village()
        self.people = UserFactory.create_batch(PEOPLE)
        self.posts: list[int] = []
        self.comments: list[int] = []
        self.deleted: set[int] = set()
        self.steps = itertools.count()
        self.settings = override_settings(DELIVERY_MAX_ATTEMPTS=1_000)
        self.settings.enable()

    @initialize(
        likes=st.sets(pairs),
        follows=st.sets(pairs, max_size=2),
        comments=st.sets(pairs, max_size=2),
        is_settled=st.booleans(),
    )
    def begin(self, *, likes: set[Pair], follows: set[Pair], comments: set[Pair], is_settled: bool) -> None:
        """Everybody has a post, and something has happened to some, which not everybody was told yet."""
        for who in range(PEOPLE):
            self.post(who, set())
        for who, whose in sorted(likes):
            self.like_or_unlike(who, whose)
        for pair in sorted(follows):
            self.follow_or_unfollow(pair)
        for who, whose in sorted(comments):
            self.comment(who, whose, None, {whose})
        if is_settled:
            self.count_likes()
            for delivery in Delivery.objects.filter(done_at=None).order_by("id"):
                self.work(delivery)

    def teardown(self) -> None:
        for who in range(PEOPLE):
            self.look(who)
        self.settings.disable()

    def id_of(self, who: int) -> int:
        return int(self.people[who].id)

    def text(self, names: set[int]) -> tuple[str, tuple[int, ...]]:
        order = tuple(sorted(names))
        return "wuff " + " ".join(f"@{self.people[who].username}" for who in order), order

    @rule(who=people, names=mentioned)
    def post(self, who: int, names: set[int]) -> None:
        content, mentions = self.text(names)
        post = publish_post(author_id=self.id_of(who), content=content)
        self.village.words[post.id] = Words(who, post.id, mentions=mentions)
        self.posts.append(post.id)

    @precondition(lambda self: self.posts)
    @rule(who=people, number=numbers)
    def like_or_unlike(self, who: int, number: int) -> None:
        post = self.posts[number % len(self.posts)]
        if who in self.village.suspended or not self.village.sees(who, post):
            return
        write = unlike_post if (who, post) in self.village.likes else like_post
        write(user_id=self.id_of(who), post_id=post)
        self.village.likes ^= {(who, post)}
        self.village.pending.append((post, who))

    @precondition(lambda self: self.posts)
    @rule(who=people, number=numbers, answered=st.none() | numbers, names=mentioned)
    def comment(self, who: int, number: int, answered: int | None, names: set[int]) -> None:
        post, parent = self.posts[number % len(self.posts)], None
        if answered is not None and self.comments:
            parent = self.comments[answered % len(self.comments)]
            post = self.village.words[parent].post
        if who in self.village.suspended or not self.village.sees(who, post):
            return
        if parent is not None and not self.is_seen_by(who, parent):
            return
        content, mentions = self.text(names)
        own_id = publish_comment(author_id=self.id_of(who), post_id=post, content=content, parent_id=parent)
        self.village.words[own_id] = Words(who, post, parent, mentions)
        self.comments.append(own_id)

    def is_seen_by(self, who: int, comment: int) -> bool:
        author = self.village.words[comment].author
        return not (
            comment in self.village.gone
            or author in self.village.suspended
            or self.village.is_blocked(who, author)
        )

    @precondition(lambda self: set(self.comments) - self.deleted)
    @rule(number=numbers)
    def hide_or_show_a_comment(self, number: int) -> None:
        there = [comment for comment in self.comments if comment not in self.deleted]
        comment = there[number % len(there)]
        words = self.village.words[comment]
        author = self.village.words[words.post].author
        is_possible = words.post not in self.village.gone and not self.village.is_blocked(
            author, words.author
        )
        if is_possible and not {author, words.author} & self.village.suspended:
            write = unhide_comment if comment in self.village.gone else hide_comment
            assert write(user_id=self.id_of(author), comment_id=comment)
            self.village.gone ^= {comment}

    @precondition(lambda self: set(self.comments) - self.deleted)
    @rule(number=numbers)
    def delete_a_comment(self, number: int) -> None:
        there = [comment for comment in self.comments if comment not in self.deleted]
        comment = there[number % len(there)]
        words = self.village.words[comment]
        if words.author not in self.village.suspended and self.village.sees(words.author, words.post):
            delete_comment(user_id=self.id_of(words.author), comment_id=comment)
            self.deleted |= {comment}
            self.village.gone |= {comment}

    @precondition(lambda self: set(self.posts) - self.village.gone)
    @rule(number=numbers)
    def delete_a_post(self, number: int) -> None:
        there = [post for post in self.posts if post not in self.village.gone]
        post = there[number % len(there)]
        assert delete_post(post_id=post)
        self.village.gone |= {post}

    @rule(pair=pairs)
    def follow_or_unfollow(self, pair: Pair) -> None:
        if self.village.is_blocked(*pair) or set(pair) & self.village.suspended:
            return
        write = unfollow_user if pair in self.village.follows else follow_user
        assert write(follower_id=self.id_of(pair[0]), followee_id=self.id_of(pair[1]))
        self.village.follows ^= {pair}

    @rule(pair=pairs)
    def block_or_unblock(self, pair: Pair) -> None:
        write = unblock_user if pair in self.village.blocks else block_user
        assert write(blocker_id=self.id_of(pair[0]), blocked_id=self.id_of(pair[1]))
        self.village.blocks ^= {pair}
        if pair in self.village.blocks:
            self.village.follows -= {pair, pair[::-1]}

    @rule(pair=pairs)
    def mute_or_unmute(self, pair: Pair) -> None:
        write = unmute_user if pair in self.village.mutes else mute_user
        assert write(muter_id=self.id_of(pair[0]), muted_id=self.id_of(pair[1]))
        self.village.mutes ^= {pair}

    @rule(who=people)
    def suspend_or_reinstate(self, who: int) -> None:
        write = restore_user if who in self.village.suspended else suspend_user
        assert write(actor_id=OPERATOR, user_id=self.id_of(who))
        self.village.suspended ^= {who}

    @rule(who=people, kind=st.sampled_from(KINDS))
    def want_or_not(self, who: int, kind: str) -> None:
        self.village.unwanted ^= {(who, kind)}
        is_wanted = (who, kind) not in self.village.unwanted
        change_preferences(user_id=self.id_of(who), ways={kind: {"in_app": is_wanted}})

    @rule(who=people, number=numbers)
    def read_up_to_one(self, who: int, number: int) -> None:
        if seen := self.seen(who):
            place = number % len(seen)
            mark_read(user_id=self.id_of(who), up_to=seen[place].place)
            expected = self.village.shown(who)[place][0]
            self.village.read_up_to[who] = max(self.village.read_up_to[who], expected)

    @rule(who=people)
    def read_all(self, who: int) -> None:
        mark_read(user_id=self.id_of(who))
        self.village.read_up_to[who] = max(self.village.read_up_to[who], self.village.top(who))

    @rule()
    def count_likes(self) -> None:
        drain()
        self.village.drain()

    @rule(number=numbers)
    def deliver(self, number: int) -> None:
        """Any waiting delivery: late, out of order."""
        if waiting := Delivery.objects.filter(done_at=None).order_by("id"):
            self.work(waiting[number % len(waiting)])

    @rule(number=numbers)
    def deliver_as_if_for_the_first_time(self, number: int) -> None:
        """A fact whose effect is there already is told again."""
        if done := Delivery.objects.exclude(done_at=None).order_by("id"):
            again = done[number % len(done)]
            Delivery.objects.filter(id=again.id).update(done_at=None)
            self.work(again)

    def work(self, delivery: Delivery) -> None:
        work_off(delivery)
        assert Delivery.objects.get(id=delivery.id).done_at is not None
        numbers_of = {user.id: who for who, user in enumerate(self.people)}
        match delivery.task, delivery.payload:
            case "interactions.notify_followed", {"follower_id": follower, "followee_id": followee}:
                self.village.follow_told(numbers_of[follower], numbers_of[followee])
            case "interactions.notify_comment", {"comment_id": comment}:
                self.village.words_told(comment)
            case "interactions.notify_mentioned", {"post_id": post}:
                self.village.words_told(post)

    def seen(self, who: int, *, limit: int = 100, before: int = MAX_ID) -> list[Told]:
        return notifications(recipient_id=self.id_of(who), limit=limit, before=before).told

    def look(self, who: int) -> None:
        expected = self.village.shown(who)
        seen = self.seen(who)
        numbers_of = {user.id: other for other, user in enumerate(self.people)}

        found = [(one.kind.value, [numbers_of[actor.id] for actor in one.actors]) for one in seen]
        assert found == [(kind, actors[:3]) for _, kind, actors in expected]
        assert [one.actors_count for one in seen] == [len(actors) for _, _, actors in expected]
        marker = self.village.read_up_to[who]
        assert [one.is_read for one in seen] == [place <= marker for place, _, _ in expected]
        assert unread(recipient_id=self.id_of(who)) == (self.village.unread(who), False)
        self.walk(who, [one.place for one in seen])

    def walk(self, who: int, places: list[int]) -> None:
        """A walk by pages of two shows the same."""
        walked: list[int] = []
        while page := self.seen(who, limit=2, before=walked[-1] if walked else MAX_ID):
            walked += [one.place for one in page]
        assert walked == places

    @invariant()
    def everybody_is_told_what_they_should_be(self) -> None:
        """One of them after each step, everybody at the end."""
        self.look(next(self.steps) % PEOPLE)


@pytest.mark.django_db(transaction=True)
def test_everybody_is_told_what_they_should_be() -> None:
    run_state_machine_as_test(
        Notifications,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
