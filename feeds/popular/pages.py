"""Pages of a snapshot: what this reader may see of it at this moment, each post once in a walk, an author once a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from feeds.popular.snapshots import Snapshot
from feeds.selectors import SESSION_IS_GOOD, HomeItem, SessionEnded, may_see
from posts.selectors import PENDING
from puppies.sql import Statement

# How many candidates a first look takes for each post wanted. What is hidden from the reader and what else an author has among them
# makes a second look necessary, which takes all that is left.
LOOK = 2

# $1 reader (0: nobody), $2 session, $3 posts, $4 their ranks, $5 posts wanted. All candidates are filtered; those that are shown, the
# best of each author, are also hydrated.
PAGE = Statement(
    name="popular_page",
    sql=f"""
WITH session AS MATERIALIZED (
    SELECT $1 = 0 OR {SESSION_IS_GOOD} AS is_good
), visible AS MATERIALIZED (
    SELECT candidate.rank, post.id, row_number() OVER (PARTITION BY post.author_id ORDER BY candidate.rank) AS turn
      FROM unnest($3, $4) AS candidate (post_id, rank) JOIN posts_post AS post ON post.id = candidate.post_id
     WHERE post.state = 'published' AND {may_see("post.author_id")}
), shown AS MATERIALIZED (
    SELECT id, rank FROM visible WHERE turn = 1 ORDER BY rank LIMIT $5
)
SELECT session.is_good, visible.rank,
       post.feed_id, post.id, post.content, post.created_at, post.edited_at,
       (post.like_count + coalesce(pending.likes, 0))::bigint, (post.comment_count + coalesce(pending.comments, 0))::bigint,
       author.id, author.username, author.display_name,
       own.user_id IS NOT NULL
  FROM session
  LEFT JOIN visible ON session.is_good
  LEFT JOIN shown ON shown.rank = visible.rank
  LEFT JOIN posts_post AS post ON post.id = shown.id
  LEFT JOIN accounts_user AS author ON author.id = post.author_id
  LEFT JOIN interactions_like AS own ON own.user_id = $1 AND own.post_id = post.id
  LEFT JOIN {PENDING} ON true
 ORDER BY visible.rank
""",  # noqa: S608 - put together from constants of this program
    types=("bigint", "bigint", "bigint[]", "integer[]", "integer"),
    by_index=True,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk is in a snapshot: every rank below `rank` was looked at, and of these `waiting` have yet to be shown."""

    rank: int = 0
    waiting: tuple[int, ...] = ()

    def ranks(self, size: int) -> list[int]:
        """The ranks of a snapshot of so many posts that are still to come, the best first."""
        return [
            *(rank for rank in self.waiting if rank < min(self.rank, size)),
            *range(max(self.rank, 0), size),
        ]


@dataclass(frozen=True, slots=True)
class PopularPage:
    """Posts, the most popular first; where the walk goes on, None at its end."""

    items: list[HomeItem]
    following: Place | None


def popular_page(
    snapshot: Snapshot, *, reader_id: int, session_id: int, limit: int, place: Place
) -> PopularPage:
    """The `limit` best posts from `place` on that the reader may see, one of each author; fewer only when no other author is left.

    A reader of id 0 is nobody. One query, or two where much is hidden from this reader. Raises SessionEnded.
    """
    ranks = place.ranks(len(snapshot.post_ids))
    look = _look(snapshot, ranks[: LOOK * limit], reader_id, session_id, limit)
    if look.is_unfinished(limit) and len(ranks) > LOOK * limit:
        look = _look(snapshot, ranks, reader_id, session_id, limit)
    return PopularPage(look.items, look.following(place))


@dataclass(frozen=True, slots=True)
class _Look:
    """The ranks among those looked at that the reader may see, and the posts that are shown of them with theirs."""

    visible: list[int]
    shown: list[int]
    items: list[HomeItem]

    def is_unfinished(self, limit: int) -> bool:
        """Whether looking further may change the page, or tell whether it is the last."""
        return len(self.shown) < limit or len(self.visible) == len(self.shown)

    def following(self, place: Place) -> Place | None:
        """Where the walk goes on that was at `place` before this page."""
        left = set(self.visible) - set(self.shown)
        if not left:
            return None
        last = self.shown[-1]
        rank = max(place.rank, last + 1)
        # What lies beyond the last post shown is looked at again, whether it was visible or not: that may change until then.
        beyond = {number for number in place.waiting if number > last}
        return Place(rank, tuple(sorted(beyond | {number for number in left if number < last})))


def _look(snapshot: Snapshot, ranks: Sequence[int], reader_id: int, session_id: int, limit: int) -> _Look:
    post_ids = [snapshot.post_ids[rank] for rank in ranks]
    rows = PAGE.rows(reader_id, session_id, post_ids, list(ranks), limit)
    if not rows[0][0]:
        raise SessionEnded
    visible = [row for row in rows if row[1] is not None]
    shown = [row for row in visible if row[2] is not None]
    return _Look(
        [row[1] for row in visible], [row[1] for row in shown], [HomeItem(*row[2:]) for row in shown]
    )
