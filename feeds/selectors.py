"""The home feed, read by one statement: complete at once, however far behind the workers are.

A page is the merge, below the cursor and deduplicated by feed id, of the reader's own posts, the posts of followed accounts that are
not pushed yet, all posts of follows that are not merged yet, and the stored feed. Whether a candidate may be shown is decided here, at
read: the stored rows are a hint, never a permission.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from posts import counters
from puppies.ids import MAX_ID
from puppies.sql import Statement

# A page is looked for among at most this many candidates; only a reader with that many hidden ones in a row gets a shorter page.
MAX_SCAN = 1_000
MAX_ROUNDS = 10

# $1 reader, $2 session, $3 feed id to stay below, $4 candidates to look at. Each source is ordered by an index and stops after $4 rows.
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
        (SELECT feed_id FROM feeds_feedentry
          WHERE user_id = $1 AND feed_id < $3 ORDER BY feed_id DESC LIMIT $4)
        UNION ALL
        (SELECT feed_id FROM posts_post
          WHERE author_id = $1 AND feed_id < $3 ORDER BY feed_id DESC LIMIT $4)
        UNION ALL
        (SELECT post.feed_id FROM accounts_follow AS follow CROSS JOIN LATERAL (
            SELECT feed_id FROM posts_post
             WHERE author_id = follow.followee_id AND delivery <> 'pushed' AND feed_id < $3
             ORDER BY feed_id DESC LIMIT $4) AS post
          WHERE follow.follower_id = $1)
        UNION ALL
        (SELECT post.feed_id FROM accounts_follow AS follow CROSS JOIN LATERAL (
            SELECT feed_id FROM posts_post
             WHERE author_id = follow.followee_id AND feed_id < $3
             ORDER BY feed_id DESC LIMIT $4) AS post
          WHERE follow.follower_id = $1 AND NOT follow.merged)
    ) AS source
    ORDER BY feed_id DESC LIMIT $4
)
SELECT session.is_good, candidate.feed_id,
       post.state = 'published' AND author.state = 'active'
           AND (post.author_id = $1 OR follow.follower_id IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM accounts_mute WHERE muter_id = $1 AND muted_id = post.author_id)
           AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = $1 AND blocked_id = post.author_id)
           AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocked_id = $1 AND blocker_id = post.author_id) AS may_be_shown,
       post.id, post.content, post.created_at, post.edited_at,
       post.like_count + coalesce((SELECT sum(entry.delta) FROM puppies_ledgerentry AS entry
           WHERE entry.counter = '{counters.LIKES}' AND entry.subject_id = post.id), 0)::bigint,
       post.comment_count + coalesce((SELECT sum(entry.delta) FROM puppies_ledgerentry AS entry
           WHERE entry.counter = '{counters.COMMENTS}' AND entry.subject_id = post.id), 0)::bigint,
       author.id, author.username, author.display_name,
       own.user_id IS NOT NULL
  FROM session
  LEFT JOIN candidate ON session.is_good
  LEFT JOIN posts_post AS post ON post.feed_id = candidate.feed_id
  LEFT JOIN accounts_user AS author ON author.id = post.author_id
  LEFT JOIN accounts_follow AS follow ON follow.follower_id = $1 AND follow.followee_id = post.author_id
  LEFT JOIN interactions_like AS own ON own.user_id = $1 AND own.post_id = post.id
 ORDER BY candidate.feed_id DESC
""",  # noqa: S608 - the only interpolations are constant names of counters
    types=("bigint", "bigint", "bigint", "integer"),
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
    """The `limit` newest posts below `before` that the reader may see. Raises SessionEnded.

    Hidden candidates do not shorten a page: further rounds, each over more candidates, look on from the last one scanned.
    """
    shown: list[tuple[int, HomeItem]] = []
    scan = limit + 1
    for _ in range(MAX_ROUNDS):
        rows = HOME.rows(reader_id, session_id, before, scan)
        if not rows[0][0]:
            raise SessionEnded
        shown += [(row[1], HomeItem(*row[3:])) for row in rows if row[2]]
        if len(shown) > limit:
            return HomePage([item for _, item in shown[:limit]], scanned=shown[limit - 1][0])
        if len(rows) < scan:
            return HomePage([item for _, item in shown], scanned=None)
        before = rows[-1][1]
        scan = min(scan * 4, MAX_SCAN)
    return HomePage([item for _, item in shown], scanned=before)
