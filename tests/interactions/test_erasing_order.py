"""Accounts that are erased at once and have to do with each other: whoever erases many rows locks them in one order, that of their key."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Model
from pytest_django import Settings

from accounts.blocking import block_user, mute_user
from accounts.deletion import erase_following, erase_follows, purge_batch
from accounts.models import User
from accounts.services import follow_user
from interactions import erasing
from interactions.comments import erasing as comments_erasing
from interactions.models import Comment, Like, Notification
from interactions.notifications import erasing as notifications_erasing
from interactions.services import like_post
from posts.services import erase_posts
from puppies.personal_data import erasers
from tests.elsewhere import LIMIT_SECONDS, Elsewhere
from tests.factories import CommentFactory, PostFactory, UserFactory
from tests.interactions.notifications.people import settle
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

Key = tuple[int, int]
Calls = list[Callable[[], None]]
ROUNDS, POSTS, MANY, BATCH = 3, 5, 1_200, 300

MANY_POSTS = """
INSERT INTO posts_post (id, feed_id, author_id, content, delivery)
SELECT own.id, own.id, %s, 'wuff', 'pushed' FROM (SELECT puppies_next_id() AS id FROM generate_series(1, %s) OFFSET 0) AS own
"""
MANY_LIKES = "INSERT INTO interactions_like (user_id, post_id) SELECT %s, id FROM posts_post WHERE author_id = %s ORDER BY md5(id::text)"


def free(table: str, key: str) -> set[Key]:
    """The keys of the rows that nobody else has locked."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key} FROM {table} FOR UPDATE SKIP LOCKED")  # noqa: S608 - names of our own tables
        return set(cursor.fetchall())


def hold(table: str, key: str, row: Key) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} WHERE ({key}) = (%s, %s) FOR UPDATE", row)  # noqa: S608 - as above


def eraser(name: str) -> Callable[[int], bool]:
    return next(eraser.erase for eraser in erasers() if eraser.name == name)


def assert_locks_in_order(elsewhere: Elsewhere, table: str, key: str, erase: Callable[[], Any]) -> None:
    """Whoever erases these rows waits for the third without having any behind it."""
    with transaction.atomic():
        rows = sorted(free(table, key))
    with transaction.atomic():
        hold(table, key, rows[2])
        waiting = elsewhere.start(erase)
        left = free(table, key)
    waiting.result(timeout=LIMIT_SECONDS)

    assert sorted(left) == rows[2:]


@pytest.mark.parametrize("is_given", [True, False])
def test_likes(elsewhere: Elsewhere, *, is_given: bool) -> None:
    one, *others = UserFactory.create_batch(5)
    posts = PostFactory.create_batch(2, author=one)
    theirs = [PostFactory.create(author=other) for other in others]
    for other in reversed(others):
        for post in posts if not is_given else []:
            like_post(user_id=other.id, post_id=post.id)
    for post in reversed(theirs) if is_given else []:
        like_post(user_id=one.id, post_id=post.id)

    erase = (
        partial(erasing.erase_given, user_id=one.id)
        if is_given
        else partial(erasing.erase_received, author_id=one.id)
    )
    assert_locks_in_order(elsewhere, "interactions_like", "user_id, post_id", erase)

    assert not Like.objects.exists()


@pytest.mark.parametrize("is_following", [True, False])
def test_follows(elsewhere: Elsewhere, *, is_following: bool) -> None:
    one, *others = UserFactory.create_batch(6)
    for other in reversed(others):
        pair = (one, other) if is_following else (other, one)
        follow_user(follower_id=pair[0].id, followee_id=pair[1].id)

    followers = [other.id for other in reversed(others)]
    erase: Callable[[], Any] = (
        partial(erase_following, user_id=one.id)
        if is_following
        else partial(erase_follows, followee_id=one.id, follower_ids=followers)
    )
    assert_locks_in_order(elsewhere, "accounts_follow", "follower_id, followee_id", erase)


@pytest.mark.parametrize("kind", ["block", "mute"])
def test_blocks_and_mutes(elsewhere: Elsewhere, *, kind: str) -> None:
    low, one, high, *_ = UserFactory.create_batch(3)
    for first, second in [(high, one), (one, high), (low, one), (one, low)]:
        if kind == "block":
            block_user(blocker_id=first.id, blocked_id=second.id)
        else:
            mute_user(muter_id=first.id, muted_id=second.id)

    key = "blocker_id, blocked_id" if kind == "block" else "muter_id, muted_id"
    assert_locks_in_order(elsewhere, f"accounts_{kind}", key, partial(eraser(f"accounts.{kind}s"), one.id))


def test_who_waited_for_another_goes_on_with_what_is_left(elsewhere: Elsewhere, settings: Settings) -> None:
    """Whatever end of the likes is looked at first, the other erasure has taken it."""
    settings.PERSONAL_DATA_BATCH = 1
    post, (first, other, last) = PostFactory.create(), UserFactory.create_batch(3)
    posts = [post, PostFactory.create(author=post.author)]
    for fan in (first, other, last):
        like_post(user_id=fan.id, post_id=posts[0].id)
    for fan in (first, last):
        like_post(user_id=fan.id, post_id=posts[1].id)

    with transaction.atomic():
        for fan in (first, last):
            while erasing.erase_given(user_id=fan.id):
                continue
        waiting = elsewhere.start(lambda: erasing.erase_received(author_id=post.author_id))

    assert waiting.result(timeout=LIMIT_SECONDS) is True
    assert erasing.erase_received(author_id=post.author_id) is True
    assert erasing.erase_received(author_id=post.author_id) is False


def test_who_waited_for_a_recipient_goes_on_with_the_others(elsewhere: Elsewhere, settings: Settings) -> None:
    first, second, fan = UserFactory.create_batch(3)
    for author in (first, second):
        like_post(user_id=fan.id, post_id=PostFactory.create(author=author).id)
    settle()
    settings.PERSONAL_DATA_BATCH = 1

    with transaction.atomic():
        while notifications_erasing.erase_received(user_id=first.id):
            continue
        waiting = elsewhere.start(lambda: notifications_erasing.erase_given(user_id=fan.id))

    assert waiting.result(timeout=LIMIT_SECONDS) is True
    batches(notifications_erasing.erase_given, user_id=fan.id)()
    assert not Notification.objects.exists()


def crossed_likes() -> tuple[User, User]:
    """Two who like all posts of each other, of which there are many."""
    one, other = UserFactory.create_batch(2)
    with connection.cursor() as cursor:
        for author, fan in ((one, other), (other, one)):
            cursor.execute(MANY_POSTS, [author.id, MANY])
            cursor.execute(MANY_LIKES, [fan.id, author.id])
    return one, other


def crossed_lives() -> tuple[User, User]:
    """Two who did everything to each other."""
    pair = UserFactory.create_batch(2)
    for own, other in (pair, pair[::-1]):
        follow_user(follower_id=own.id, followee_id=other.id)
        mute_user(muter_id=own.id, muted_id=other.id)
        for post in PostFactory.create_batch(POSTS, author=own):
            like_post(user_id=other.id, post_id=post.id)
            root = CommentFactory.create(post=post, author=other)
            CommentFactory.create(parent=CommentFactory.create(parent=root, author=own), author=other)
    settle()
    return pair[0], pair[1]


def batches(step: Callable[..., Any], **names: int) -> Callable[[], None]:
    """The batches of one step to its end, each a transaction. Raises what a worker would have to try again."""

    def run() -> None:
        is_more = True
        while is_more:
            with transaction.atomic():
                is_more = step(**names)

    return run


def purge(user: User) -> Callable[[], None]:
    """The whole erasure, each batch a transaction."""

    def run() -> None:
        position: int | None = 0
        while position is not None:
            with transaction.atomic():
                position = purge_batch(user_id=user.id, step=position)

    return run


def in_pairs(given: Callable[..., Any], received: Callable[..., Any], name: str) -> Callable[..., Calls]:
    """What two gave each other, taken away from both ends at once."""

    def calls(one: User, other: User) -> Calls:
        return [
            batches(erase, **{key: user.id})
            for user in (one, other)
            for erase, key in ((given, "user_id"), (received, name))
        ]

    return calls


@pytest.mark.parametrize(
    ("crossed", "calls", "left"),
    [
        (crossed_likes, in_pairs(erasing.erase_given, erasing.erase_received, "author_id"), Like),
        (
            crossed_lives,
            in_pairs(comments_erasing.erase_given, comments_erasing.erase_received, "author_id"),
            Comment,
        ),
        (
            crossed_lives,
            in_pairs(notifications_erasing.erase_given, notifications_erasing.erase_received, "user_id"),
            Notification,
        ),
        (crossed_lives, lambda one, other: [purge(one), purge(other)], User),
    ],
    ids=["likes", "comments", "notifications", "everything"],
)
def test_accounts_that_crossed_are_erased_at_once(
    crossed: Callable[[], tuple[User, User]],
    calls: Callable[[User, User], Calls],
    left: type[Model],
    settings: Settings,
) -> None:
    """Not one batch is a victim of another, nor does one end before its time."""
    for _ in range(ROUNDS):
        one, other = crossed()
        settings.PERSONAL_DATA_BATCH = settings.FEED_BATCH = BATCH
        User.objects.filter(id__in=(one.id, other.id)).update(state=User.State.PURGING)

        run_together(*calls(one, other))

        assert not left._default_manager.exists()
        while erase_posts(author_id=one.id) or erase_posts(author_id=other.id):
            continue
        User.objects.all().delete()
