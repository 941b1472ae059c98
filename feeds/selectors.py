"""The home feed, read by one statement: complete at once, however far behind the workers are.

A page is the merge, deduplicated by feed id, of the reader's own posts, the posts of followed accounts that are not pushed (yet), all
posts of follows that are not merged yet, and the stored feed, down to the stored feed's floor; below it, of all posts of the reader and
of followed accounts. Whether a post may be shown is decided here, at read, inside each source: the stored rows are a hint, never a
permission, and what may not be shown never shortens a page.

Floor, entries and what lies below are of one snapshot. In two statements, a trim that commits between them loses a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from feeds.models import FeedState
from posts.selectors import PENDING
from puppies.ids import MAX_ID
from puppies.sql import Statement

FLOOR = "(SELECT floor FROM state)"


# Whether $2 is an open session of $1.
SESSION_IS_GOOD = """EXISTS (
        SELECT 1 FROM accounts_session AS session JOIN accounts_user AS reader ON reader.id = session.user_id
         WHERE session.id = $2 AND session.user_id = $1
           AND session.revoked_at IS NULL AND session.expires_at > now() AND reader.state = 'active')"""


def may_see(author: str) -> str:
    """Whether $1 may see posts of the author in this column, by five keys.

    A scalar subquery, as all conditions of the stored feed are: the planner can not turn it into a join, so that each source is read in
    the order of its index and stops at its limit.
    """
    return f"""(SELECT author.state = 'active'
             AND NOT EXISTS (SELECT 1 FROM accounts_mute WHERE muter_id = $1 AND muted_id = author.id)
             AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = $1 AND blocked_id = author.id)
             AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocked_id = $1 AND blocker_id = author.id)
            FROM accounts_user AS author WHERE author.id = {author})"""  # noqa: S608 - a column that this module names


@dataclass(frozen=True)
class Way:
    """A direction through the feed from $3: its order, and which feed ids lie ahead."""

    order: str
    ahead: str

    def of_followed(self, follows: str, posts: str) -> str:
        """The next $4 posts of the reader's followed accounts, where `follows` and `posts` hold.

        Those $4 authors whose next post is the nearest have all of them: each of the others costs one probe of an index, however many
        are followed. Whether an author may be seen is asked of the nearest first, until there are $4.
        """
        condition = f"{posts} AND state = 'published' AND {self.ahead}"
        return f"""(SELECT post.feed_id FROM (
            SELECT id FROM (
                SELECT follow.followee_id AS id, nearest.feed_id
                  FROM accounts_follow AS follow CROSS JOIN LATERAL (
                    SELECT feed_id FROM posts_post WHERE author_id = follow.followee_id AND {condition}
                     ORDER BY feed_id {self.order} LIMIT 1) AS nearest
                 WHERE follow.follower_id = $1 AND {follows}
                 ORDER BY nearest.feed_id {self.order} OFFSET 0) AS followee
             WHERE {may_see("followee.id")} LIMIT $4) AS followee
          CROSS JOIN LATERAL (
            SELECT feed_id FROM posts_post WHERE author_id = followee.id AND {condition}
             ORDER BY feed_id {self.order} LIMIT $4) AS post)"""  # noqa: S608 - put together from constants of this module

    def own(self, side: str) -> str:
        """The reader's own next $4 posts on one side of the floor."""
        return f"""(SELECT feed_id FROM posts_post
          WHERE author_id = $1 AND state = 'published' AND feed_id {side} {FLOOR} AND {self.ahead}
          ORDER BY feed_id {self.order} LIMIT $4)"""  # noqa: S608 - put together from constants of this module

    def stored(self) -> str:
        """The next $4 posts from the floor up: what is stored, and what is not stored yet."""
        above = f"feed_id >= {FLOOR}"
        return f"""(SELECT feed_id FROM feeds_feedentry AS entry
          WHERE user_id = $1 AND {above} AND {self.ahead}
            AND (SELECT true FROM accounts_follow WHERE follower_id = $1 AND followee_id = entry.author_id)
            AND (SELECT state = 'published' FROM posts_post AS post WHERE post.feed_id = entry.feed_id)
            AND {may_see("entry.author_id")}
          ORDER BY feed_id {self.order} LIMIT $4)
        UNION ALL {self.own(">=")}
        UNION ALL {self.of_followed("true", f"delivery <> 'pushed' AND {above}")}
        UNION ALL {self.of_followed("NOT follow.merged", above)}"""  # noqa: S608 - put together from constants of this module

    def unstored(self) -> str:
        """The next $4 posts below the floor, where all are read from the posts."""
        return f"""{self.own("<")}
        UNION ALL {self.of_followed("true", f"feed_id < {FLOOR}")}"""


# Without a row, floor 0. A region that lies behind is not looked at, nor is the second when the first has filled the page.
CANDIDATES = """state AS MATERIALIZED (
    SELECT coalesce(max(floor), 0) AS floor, max(status) AS status, max(seen_at) AS seen_at
      FROM feeds_feedstate WHERE user_id = $1
), first AS MATERIALIZED (
    SELECT DISTINCT feed_id FROM ({first}) AS source WHERE {is_first_ahead} ORDER BY feed_id {order} LIMIT $4
), second AS MATERIALIZED (
    SELECT DISTINCT feed_id FROM ({second}) AS source WHERE (SELECT count(*) FROM first) < $4
     ORDER BY feed_id {order} LIMIT $4
), candidate AS (
    SELECT feed_id FROM (TABLE first UNION ALL TABLE second) AS found ORDER BY feed_id {order} LIMIT $4
)"""

DOWN = Way("DESC", "feed_id < $3")
UP = Way("ASC", "feed_id > $3 AND feed_id <> ALL ($5)")


def _home(name: str, candidates: str, order: str, *types: str) -> Statement:
    """The feed as a statement: $1 reader, $2 session, $3 feed id to begin at, $4 posts.

    Each source is ordered by an index and stops after $4 posts that may be seen; it passes over the others, however many, and only the
    statement's timeout ends it.
    """
    sql = f"""
WITH session AS MATERIALIZED (
    SELECT {SESSION_IS_GOOD} AS is_good
), {candidates}
SELECT session.is_good, state.status, state.seen_at, candidate.feed_id,
       post.id, post.content, post.created_at, post.edited_at,
       (post.like_count + coalesce(pending.likes, 0))::bigint, (post.comment_count + coalesce(pending.comments, 0))::bigint,
       author.id, author.username, author.display_name,
       own.user_id IS NOT NULL
  FROM session CROSS JOIN state
  LEFT JOIN candidate ON session.is_good
  LEFT JOIN posts_post AS post ON post.feed_id = candidate.feed_id
  LEFT JOIN accounts_user AS author ON author.id = post.author_id
  LEFT JOIN interactions_like AS own ON own.user_id = $1 AND own.post_id = post.id
  LEFT JOIN {PENDING} ON true
 ORDER BY candidate.feed_id {order}
"""  # noqa: S608 - the only interpolations are constants of this program
    return Statement(name, sql, ("bigint", "bigint", "bigint", "integer", *types), by_index=True)


HOME = _home(
    "home_feed",
    CANDIDATES.format(
        first=DOWN.stored(), is_first_ahead=f"$3 > {FLOOR}", second=DOWN.unstored(), order=DOWN.order
    ),
    DOWN.order,
)
# $5 feed ids that were shown already.
NEWER = _home(
    "home_feed_newer",
    CANDIDATES.format(
        first=UP.unstored(), is_first_ahead=f"$3 < {FLOOR} - 1", second=UP.stored(), order=UP.order
    ),
    UP.order,
    "bigint[]",
)


class HomeItem(NamedTuple):
    """One post as the home feed shows it, in the order of the statement's columns."""

    feed_id: int
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
class Reading:
    """Posts in the order in which they were looked for; whether it should be written down that the reader was here."""

    items: list[HomeItem]
    is_sighting_due: bool


@dataclass(frozen=True, slots=True)
class HomePage:
    """Posts newest first; `scanned` is the feed id below which the next page begins, None at the end of the feed."""

    items: list[HomeItem]
    scanned: int | None


class SessionEnded(Exception):
    """The reader's session is revoked or expired, or the account is not active."""


def older_items(*, reader_id: int, session_id: int, limit: int, before: int = MAX_ID) -> Reading:
    """The `limit` newest posts below `before` that the reader may see; fewer only at the end of the feed. Raises SessionEnded."""
    return _reading(HOME.rows(reader_id, session_id, before, limit))


def newer_items(*, reader_id: int, session_id: int, limit: int, after: int, shown: Sequence[int]) -> Reading:
    """The `limit` posts just above `after` but for those `shown`, the oldest first. Raises SessionEnded."""
    return _reading(NEWER.rows(reader_id, session_id, after, limit, list(shown)))


def home_page(*, reader_id: int, session_id: int, limit: int, before: int = MAX_ID) -> HomePage:
    """One page of a walk down the feed. Raises SessionEnded."""
    items = older_items(reader_id=reader_id, session_id=session_id, limit=limit + 1, before=before).items
    page = items[:limit]
    return HomePage(page, scanned=page[-1].feed_id if len(items) > limit else None)


def _reading(rows: list[tuple[object, ...]]) -> Reading:
    is_good, status, seen_at, *_ = rows[0]
    if not is_good:
        raise SessionEnded
    items = [HomeItem(*row[3:]) for row in rows if row[3] is not None]  # type: ignore[arg-type]
    return Reading(items, is_sighting_due=_is_sighting_due(status, seen_at))


def _is_sighting_due(status: object, seen_at: object) -> bool:
    if status == FeedState.Status.ASLEEP or not isinstance(seen_at, datetime):
        return True
    return seen_at < timezone.now() - timedelta(hours=settings.FEED_SEEN_HOURS)
