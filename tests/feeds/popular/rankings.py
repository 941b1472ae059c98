"""Popular posts for tests."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from feeds.models import PopularSnapshot
from feeds.popular import snapshots
from feeds.popular.ranking import rank_popular
from feeds.popular.snapshots import Snapshot
from posts.models import Post
from puppies.ids import first_id_at
from tests.factories import PostFactory, UserFactory


def liked(likes: int, *, hours_old: float = 0, **fields: object) -> Post:
    """A post with so many likes, published so long ago."""
    post = PostFactory.create(**fields)
    feed_id = first_id_at(timezone.now() - timedelta(hours=hours_old)) + post.id % 1_000
    Post.objects.filter(id=post.id).update(like_count=likes, feed_id=feed_id if hours_old else post.id)
    post.refresh_from_db()
    return post


def ranked_posts(count: int, *, authors: Sequence[User] = ()) -> list[int]:
    """Ids of new posts, the most popular first, by these authors in turn or each by its own; and their snapshot is made."""
    writers = authors or UserFactory.create_batch(count)
    posts = [liked(10_000 // (place + 1), author=writers[place % len(writers)]) for place in range(count)]
    assert rank_anew().post_ids == tuple(post.id for post in posts)
    return [post.id for post in posts]


def rank_anew() -> Snapshot:
    """One more snapshot, however young the last one is."""
    made = rank_popular(spacing_seconds=0)
    assert made is not None
    return made


def make_older(*, seconds: float) -> None:
    """Let every snapshot in PostgreSQL have been made so much earlier."""
    for row in PopularSnapshot.objects.order_by("id"):
        PopularSnapshot.objects.filter(id=row.id).update(
            id=first_id_at(row.created_at - timedelta(seconds=seconds)) + row.id % 1_000
        )


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that has just started."""
    monkeypatch.setattr(snapshots, "memory", snapshots.Memory())
