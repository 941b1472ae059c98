"""The home feed, read by one statement: complete at once, however far behind the workers are.

A page is the merge, below the cursor and deduplicated by feed id, of the reader's own posts, the posts of followed accounts that are
not pushed yet, all posts of follows that are not merged yet, and the stored feed. Whether a post may be shown is decided here, at read,
inside each source: the stored rows are a hint, never a permission, and what may not be shown never shortens a page.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from posts import counters
from puppies.ids import MAX_ID
from puppies.sql import Statement


def _may_see(author: str) -> str:
    """Whether $1 may see posts of the author in this column, by five keys.

    A scalar subquery, as all conditions of the stored feed are: the planner can not turn it into a join, so that each source is read in
    the order of its index and stops at its limit.
    """
    return f"""(SELECT author.state = 'active'
             AND NOT EXISTS (SELECT 1 FROM accounts_mute WHERE muter_id = $1 AND muted_id = author.id)
             AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = $1 AND blocked_id = author.id)
             AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocked_id = $1 AND blocker_id = author.id)
            FROM accounts_user AS author WHERE author.id = {author})"""  # noqa: S608 - a column that this module names


# $1 reader, $2 session, $3 feed id to stay below, $4 posts. Each source is ordered by an index and stops after $4 posts that may be seen;
# it passes over the others, however many, and only the statement's timeout ends it.
HOME = Statement(
    name="home_feed",
    sql=f"""
WITH session AS MATERIALIZED (
    SELECT EXISTS (
        SELECT 1 FROM accounts_session AS session JOIN accounts_user AS reader ON reader.id = session.user_id
         WHERE session.id = $2 AND session.user_id = $1
           AND session.revoked_at IS NULL AND session.expires_at > now() AND reader.state = 'active'
    ) AS is_good
), candidate AS (
    SELECT DISTINCT feed_id FROM (
        (SELECT feed_id FROM feeds_feedentry AS entry
          WHERE user_id = $1 AND feed_id < $3
            AND (SELECT true FROM accounts_follow WHERE follower_id = $1 AND followee_id = entry.author_id)
            AND (SELECT state = 'published' FROM posts_post AS post WHERE post.feed_id = entry.feed_id)
            AND {_may_see("entry.author_id")}
          ORDER BY feed_id DESC LIMIT $4)
        UNION ALL
        (SELECT feed_id FROM posts_post
          WHERE author_id = $1 AND state = 'published' AND feed_id < $3 ORDER BY feed_id DESC LIMIT $4)
        UNION ALL
        (SELECT post.feed_id FROM accounts_follow AS follow CROSS JOIN LATERAL (
            SELECT feed_id FROM posts_post AS post
             WHERE author_id = follow.followee_id AND delivery <> 'pushed' AND state = 'published' AND feed_id < $3
               AND {_may_see("post.author_id")}
             ORDER BY feed_id DESC LIMIT $4) AS post
          WHERE follow.follower_id = $1)
        UNION ALL
        (SELECT post.feed_id FROM accounts_follow AS follow CROSS JOIN LATERAL (
            SELECT feed_id FROM posts_post
             WHERE author_id = follow.followee_id AND state = 'published' AND feed_id < $3
             ORDER BY feed_id DESC LIMIT $4) AS post
          WHERE follow.follower_id = $1 AND NOT follow.merged AND {_may_see("follow.followee_id")})
    ) AS source
    ORDER BY feed_id DESC LIMIT $4
)
SELECT session.is_good, candidate.feed_id,
       post.id, post.content, post.created_at, post.edited_at,
       (post.like_count + coalesce(pending.likes, 0))::bigint, (post.comment_count + coalesce(pending.comments, 0))::bigint,
       author.id, author.username, author.display_name,
       own.user_id IS NOT NULL
  FROM session
  LEFT JOIN candidate ON session.is_good
  LEFT JOIN posts_post AS post ON post.feed_id = candidate.feed_id
  LEFT JOIN accounts_user AS author ON author.id = post.author_id
  LEFT JOIN interactions_like AS own ON own.user_id = $1 AND own.post_id = post.id
  LEFT JOIN LATERAL (
    SELECT sum(entry.delta) FILTER (WHERE entry.counter = '{counters.LIKES}') AS likes,
           sum(entry.delta) FILTER (WHERE entry.counter = '{counters.COMMENTS}') AS comments
      FROM puppies_ledgerentry AS entry
     WHERE entry.subject_id = post.id AND entry.counter IN ('{counters.LIKES}', '{counters.COMMENTS}')) AS pending ON true
 ORDER BY candidate.feed_id DESC
""",  # noqa: S608 - the only interpolations are constants of this program
    types=("bigint", "bigint", "bigint", "integer"),
    by_index=True,
)


class HomeItem(NamedTuple):
    """One post as the home feed shows it, in the order of the statement's columns."""

    id: int
    content: str
    created_at: datetime
    edited_at: datetime | None
    like_count: int
    comment_count: int
    author_id: int
    username: str
    display_name: str
    liked: bool


@dataclass(frozen=True, slots=True)
class HomePage:
    """Posts newest first; `scanned` is the feed id below which the next page begins, None at the end of the feed."""

    items: list[HomeItem]
    scanned: int | None


class SessionEnded(Exception):
    """The reader's session is revoked or expired, or the account is not active."""


def home_page(*, reader_id: int, session_id: int, limit: int, before: int = MAX_ID) -> HomePage:
    """The `limit` newest posts below `before` that the reader may see; fewer only at the end of the feed. Raises SessionEnded."""
    rows = HOME.rows(reader_id, session_id, before, limit + 1)
    if not rows[0][0]:
        raise SessionEnded
    shown = [row for row in rows if row[1] is not None]
    page = shown[:limit]
    return HomePage([HomeItem(*row[2:]) for row in page], scanned=page[-1][1] if len(shown) > limit else None)
