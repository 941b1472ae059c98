"""Reads of likes."""

from collections.abc import Collection

from interactions.models import Like
from posts.models import Post


def liked_post_ids(*, viewer_id: int, post_ids: Collection[int]) -> frozenset[int]:
    """Which of these posts the viewer likes, in one query; none when nobody is signed in."""
    if not viewer_id or not post_ids:
        return frozenset()
    liked = Like.objects.filter(user_id=viewer_id, post_id__in=post_ids)
    return frozenset(liked.values_list("post_id", flat=True))


def like_count(*, post_id: int) -> int:
    """The exact number of likes of one post: what its row stores plus what the ledger holds."""
    return Post.objects.for_display().get(id=post_id).likes
