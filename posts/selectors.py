"""Reads of posts that span models."""

from collections.abc import Sequence

from posts.models import Post
from puppies.sql import planned_by_index


def displayed_post(*, post_id: int, viewer_id: int) -> Post | None:
    """The post with author and counts, or None when the viewer may not see it."""
    with planned_by_index():
        return Post.objects.visible_to(viewer_id).for_display().filter(id=post_id).first()


def profile_posts(
    *, author_id: int, limit: int, before: int, after: int, shown: Sequence[int], upward: bool
) -> list[Post]:
    """Posts of one author by feed id within (after, before) but for `shown`, newest first, or oldest first when looking upward."""
    posts = Post.objects.visible().for_display().by_author(author_id)
    posts = posts.filter(feed_id__lt=before, feed_id__gt=after).exclude(feed_id__in=shown)
    with planned_by_index():
        return list(posts.order_by("feed_id" if upward else "-feed_id")[:limit])
