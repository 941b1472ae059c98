"""Reads of likes."""

from collections.abc import Collection

from posts import counters
from puppies.sql import Statement

LIKE_COUNT = Statement(
    name="like_count",
    sql=f"""
    SELECT post.like_count + coalesce((SELECT sum(entry.delta) FROM puppies_ledgerentry AS entry
        WHERE entry.counter = '{counters.LIKES}' AND entry.subject_id = post.id), 0)
      FROM posts_post AS post WHERE post.id = $1
    """,  # noqa: S608 - the only interpolation is the constant name of a counter
    types=("bigint",),
    by_index=True,
)

LIKED = Statement(
    name="liked_posts",
    sql="SELECT post_id FROM interactions_like WHERE user_id = $1 AND post_id = ANY($2)",
    types=("bigint", "bigint[]"),
    by_index=True,
)


def liked_post_ids(*, viewer_id: int, post_ids: Collection[int]) -> frozenset[int]:
    """Which of these posts the viewer likes, in one query; none when nobody is signed in."""
    if not viewer_id or not post_ids:
        return frozenset()
    return frozenset(post_id for (post_id,) in LIKED.rows(viewer_id, list(post_ids)))


def like_count(*, post_id: int) -> int:
    """The exact number of likes of one post: what its row stores plus what the ledger holds."""
    return int(LIKE_COUNT.rows(post_id)[0][0])
