"""Reads of posts that span tables."""

from datetime import datetime
from typing import NamedTuple

from posts import counters
from puppies.places import Place
from puppies.sql import Statement

# What a post shows, in the order of `DisplayedPost`: counts are what the row stores plus what the ledger holds.
COLUMNS = """
       post.id, post.feed_id, post.content, post.created_at, post.edited_at,
       (post.like_count + coalesce(pending.likes, 0))::bigint, (post.comment_count + coalesce(pending.comments, 0))::bigint,
       author.id, author.username, author.display_name"""
PENDING = f"""LATERAL (
    SELECT sum(entry.delta) FILTER (WHERE entry.counter = '{counters.LIKES}') AS likes,
           sum(entry.delta) FILTER (WHERE entry.counter = '{counters.COMMENTS}') AS comments
      FROM puppies_ledgerentry AS entry
     WHERE entry.subject_id = post.id AND entry.counter IN ('{counters.LIKES}', '{counters.COMMENTS}')) AS pending"""  # noqa: S608 - constants

# Whether {viewer} may see `post` of `author`: published, its author active, no block in between.
MAY_SEE = """post.state = 'published' AND author.state = 'active'
       AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = {viewer} AND blocked_id = post.author_id)
       AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = post.author_id AND blocked_id = {viewer})"""

# $1 post, $2 viewer.
DISPLAYED = Statement(
    name="displayed_post",
    sql=f"""
    SELECT {COLUMNS}
      FROM posts_post AS post JOIN accounts_user AS author ON author.id = post.author_id CROSS JOIN {PENDING}
     WHERE post.id = $1 AND {MAY_SEE.format(viewer="$2")}
    """,  # noqa: S608 - the only interpolations are constants of this module
    types=("bigint", "bigint"),
    by_index=True,
)

# $1 post, $2 viewer.
VISIBLE = Statement(
    name="visible_post",
    sql=f"""
    SELECT 1 FROM posts_post AS post JOIN accounts_user AS author ON author.id = post.author_id
     WHERE post.id = $1 AND {MAY_SEE.format(viewer="$2")}
    """,  # noqa: S608 - the only interpolations are constants of this module
    types=("bigint", "bigint"),
)


def _profile(name: str, direction: str) -> Statement:
    """$1 author, $2 below, $3 above, $4 but for these, $5 posts."""
    return Statement(
        name=name,
        sql=f"""
        SELECT {COLUMNS}
          FROM (SELECT * FROM posts_post
                 WHERE author_id = $1 AND state = 'published' AND feed_id < $2 AND feed_id > $3 AND feed_id <> ALL($4)
                 ORDER BY feed_id {direction} LIMIT $5) AS post
          JOIN accounts_user AS author ON author.id = post.author_id AND author.state = 'active' CROSS JOIN {PENDING}
         ORDER BY post.feed_id {direction}
        """,  # noqa: S608 - the only interpolations are constants of this module
        types=("bigint", "bigint", "bigint", "bigint[]", "integer"),
        by_index=True,
    )


PROFILE_DOWN = _profile("profile_down", "DESC")
PROFILE_UP = _profile("profile_up", "ASC")


class DisplayedPost(NamedTuple):
    """One post as everybody sees it."""

    id: int
    feed_id: int
    content: str
    created_at: datetime
    edited_at: datetime | None
    like_count: int
    comment_count: int
    author_id: int
    username: str
    display_name: str


def is_visible(*, post_id: int, viewer_id: int) -> bool:
    """Whether there is such a post for this viewer, who is 0 without signing in."""
    return bool(VISIBLE.rows(post_id, viewer_id))


def displayed_post(*, post_id: int, viewer_id: int) -> DisplayedPost | None:
    """The post with author and counts, or None when the viewer may not see it."""
    rows = DISPLAYED.rows(post_id, viewer_id)
    return DisplayedPost(*rows[0]) if rows else None


def profile_posts(*, author_id: int, place: Place) -> list[DisplayedPost]:
    """Posts of one author by feed id, newest first, or oldest first when looking upward."""
    statement = PROFILE_UP if place.upward else PROFILE_DOWN
    rows = statement.rows(author_id, place.before, place.after, list(place.shown), place.limit)
    return [DisplayedPost(*row) for row in rows]
