"""However much of a feed its reader may not see, a page is full while there is more, and it is one statement."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.blocking import block_user, mute_user
from accounts.models import Follow, User
from accounts.services import unfollow_user
from feeds.models import FeedEntry
from posts.models import Post
from puppies.ids import next_id
from puppies.sql import execute
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import Reader

HIDDEN = 20_000
MANY_POSTS = """
INSERT INTO posts_post (id, feed_id, author_id, content, delivery)
SELECT %(first)s + n, %(first)s + n, %(author)s, 'wuff', %(delivery)s FROM generate_series(1, %(count)s) AS n
"""
MANY_ENTRIES = """
INSERT INTO feeds_feedentry (user_id, feed_id, author_id)
SELECT %(reader)s, feed_id, author_id FROM posts_post WHERE author_id = %(author)s AND delivery = 'pushed'
"""


def unfollowed(reader: User, author: User) -> None:
    unfollow_user(follower_id=reader.id, followee_id=author.id)


def muted(reader: User, author: User) -> None:
    mute_user(muter_id=reader.id, muted_id=author.id)


def blocked(reader: User, author: User) -> None:
    block_user(blocker_id=reader.id, blocked_id=author.id)


def blocking(reader: User, author: User) -> None:
    block_user(blocker_id=author.id, blocked_id=reader.id)


def suspended(reader: User, author: User) -> None:
    User.objects.filter(id=author.id).update(state=User.State.SUSPENDED)


def all_hidden(reader: User, author: User) -> None:
    Post.objects.by_author(author.id).update(state=Post.State.HIDDEN)


def stored(reader: User, author: User) -> None:
    """Merged and pushed."""
    Post.objects.by_author(author.id).update(delivery=Post.Delivery.PUSHED)
    execute(MANY_ENTRIES, {"reader": reader.id, "author": author.id})
    Follow.objects.filter(followee_id=author.id).update(merged=True)


def unmerged(reader: User, author: User) -> None:
    Post.objects.by_author(author.id).update(delivery=Post.Delivery.PUSHED)


def unpushed(reader: User, author: User) -> None:
    Follow.objects.filter(followee_id=author.id).update(merged=True)


def publish_many(author: User) -> None:
    first = next_id()
    names = {"first": first, "author": author.id, "delivery": Post.Delivery.PUSHING, "count": HIDDEN}
    execute(MANY_POSTS, names)


Change = Callable[[User, User], None]


@pytest.mark.django_db
@pytest.mark.parametrize("place", [stored, unmerged, unpushed])
@pytest.mark.parametrize("hide", [unfollowed, muted, blocked, blocking, suspended, all_hidden])
def test_a_page_is_full_beyond_20_000_posts_that_may_not_be_seen(place: Change, hide: Change) -> None:
    kept, gone = UserFactory.create_batch(2)
    reader = Reader.following(kept, gone)
    posts = [post.id for post in reversed(PostFactory.create_batch(5, author=kept))]
    publish_many(gone)
    place(reader.user, gone)
    hide(reader.user, gone)
    reader.page()  # a connection prepares the statement once

    with CaptureQueriesContext(connection) as queries:
        pages = reader.walk(limit=2)

    assert pages == [posts[:2], posts[2:4], posts[4:]]
    assert len(queries) == len(pages)


@pytest.mark.django_db
def test_the_stored_feed_is_what_the_walk_passes_over() -> None:
    reader, author = Reader.following(), UserFactory.create()
    publish_many(author)
    stored(reader.user, author)

    assert FeedEntry.objects.filter(user_id=reader.user.id).count() == HIDDEN
    assert reader.walk(limit=2) == [[]]
