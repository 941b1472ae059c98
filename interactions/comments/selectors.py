"""Reads of comments: who may see what is decided in the statements themselves."""

from datetime import datetime
from typing import NamedTuple, Protocol

from puppies.looks import LOOKED_AT, Look
from puppies.sql import Statement


def _unblocked(column: str) -> str:
    """That no block stands between the viewer, $2, and the account whose id is in `column`."""
    return f"""
      NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = $2 AND blocked_id = {column})
      AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = {column} AND blocked_id = $2)"""  # noqa: S608 - our own columns


# The post of the comments, when the viewer may see it.
_POST = f"""
    SELECT post.id, post.author_id FROM posts_post AS post JOIN accounts_user AS owner ON owner.id = post.author_id
     WHERE post.state = 'published' AND owner.state = 'active' AND {_unblocked("post.author_id")}"""  # noqa: S608 - constants


def _is_seen(comment: str, author: str) -> str:
    """That the viewer may see this comment on a post that it sees; null for a deleted one, which has no author."""
    return f"""(
      {author}.state = 'active' AND {_unblocked(f"{comment}.author_id")}
      AND ({comment}.state = 'published'
           OR {comment}.state IN ('hidden', 'removed')
              AND ($2 IN ({comment}.author_id, post.author_id)
                   OR (SELECT is_staff FROM accounts_user WHERE id = $2 AND state = 'active'))))"""  # noqa: S608 - constants


_COLUMNS = """comment.id, comment.post_id, comment.thread_id, comment.parent_id, comment.state, comment.content,
       comment.created_at, comment.edited_at, post.author_id AS post_author_id,
       author.id AS author_id, author.username, author.display_name"""

# $1 comment, $2 viewer.
SHOWN = Statement(
    name="shown_comment",
    sql=f"""
    SELECT {_COLUMNS}, true
      FROM interactions_comment AS comment
      JOIN accounts_user AS author ON author.id = comment.author_id
      JOIN LATERAL ({_POST} AND post.id = comment.post_id) AS post ON true
     WHERE comment.id = $1 AND {_is_seen("comment", "author")}
    """,  # noqa: S608 - the only interpolations are constants of this module
    types=("bigint", "bigint"),
    by_index=True,
)


# $1 comment, $2 whose post it stands under. Whoever governs a comment may not be kept from it by a block that its author, or they, made:
# everybody else reads it. Nobody sees what accounts that are not active wrote.
GOVERNED = Statement(
    name="governed_comment",
    sql=f"""
    SELECT {_COLUMNS}, true
      FROM interactions_comment AS comment
      JOIN accounts_user AS author ON author.id = comment.author_id
      JOIN posts_post AS post ON post.id = comment.post_id
     WHERE comment.id = $1 AND post.author_id = $2 AND post.state <> 'deleted' AND author.state = 'active'
    """,  # noqa: S608 - the only interpolations are constants of this module
    types=("bigint", "bigint"),
    by_index=True,
)

# A root that the viewer may not see keeps the place of a thread when the viewer may see one of so many replies to it, the oldest.
REPLIES = 100


def _page(name: str, beyond: str, direction: str) -> Statement:
    """$1 post, $2 viewer, $3 and $4 thread and id beyond which to look, $5 comments.

    No row when the viewer may not see the post, one of nulls when there are no comments. A root that the viewer may not see keeps the
    place of a thread in which there is something to see. The last two columns, thread and id, tell where the look ended when it found
    fewer than $5 and there may be more.
    """
    order = f"ORDER BY thread_id {direction}, id {direction}"
    beyond_place = f"post_id = $1 AND (thread_id, id) {beyond} ($3, $4)"
    return Statement(
        name=name,
        sql=f"""
        WITH post AS MATERIALIZED ({_POST} AND post.id = $1), page AS MATERIALIZED (
            SELECT {_COLUMNS}, coalesce({_is_seen("comment", "author")}, false) AS seen
              FROM post CROSS JOIN LATERAL (
                   SELECT * FROM interactions_comment WHERE {beyond_place} {order} LIMIT {LOOKED_AT}) AS comment
              LEFT JOIN accounts_user AS author ON author.id = comment.author_id
             WHERE {_is_seen("comment", "author")} OR comment.parent_id IS NULL AND EXISTS (
                   SELECT 1 FROM (
                       SELECT * FROM interactions_comment
                        WHERE post_id = $1 AND thread_id = comment.id AND id > comment.id
                        ORDER BY thread_id, id LIMIT {REPLIES}) AS reply
                     JOIN accounts_user AS replier ON replier.id = reply.author_id
                    WHERE {_is_seen("reply", "replier")})
             ORDER BY comment.thread_id {direction}, comment.id {direction} LIMIT $5
        ), looked_at AS MATERIALIZED (
            SELECT thread_id, id FROM interactions_comment
             WHERE {beyond_place} AND (SELECT count(*) FROM page) < $5 {order} OFFSET {LOOKED_AT - 1} LIMIT 1)
        SELECT page.*, looked_at.thread_id, looked_at.id
          FROM post LEFT JOIN page ON true LEFT JOIN looked_at ON true
         ORDER BY page.thread_id {direction}, page.id {direction}
        """,  # noqa: S608 - the only interpolations are constants of this module
        types=("bigint", "bigint", "bigint", "bigint", "integer"),
        by_index=True,
    )


PAGE_FORWARD = _page("comments_forward", ">", "ASC")
PAGE_BACKWARD = _page("comments_backward", "<", "DESC")


class ShownComment(NamedTuple):
    """One comment as one viewer sees it. Of one that is not `is_seen` only its place in the thread may be told."""

    id: int
    post_id: int
    thread_id: int
    parent_id: int | None
    state: str
    content: str
    created_at: datetime
    edited_at: datetime | None
    post_author_id: int
    author_id: int
    username: str
    display_name: str
    is_seen: bool

    @property
    def is_hidden(self) -> bool:
        """Whether only few may see it."""
        return self.state != "published"

    @property
    def place(self) -> tuple[int, int]:
        """What orders the list."""
        return self.thread_id, self.id


class Window(Protocol):
    """Which comments of a post a page wants: the first `limit` after `place`, or before it when looking backward."""

    @property
    def place(self) -> tuple[int, int]: ...
    @property
    def limit(self) -> int: ...
    @property
    def backward(self) -> bool: ...


def shown_comment(*, comment_id: int, viewer_id: int) -> ShownComment | None:
    """The comment, or None when the viewer may not see it or its post."""
    rows = SHOWN.rows(comment_id, viewer_id)
    return ShownComment(*rows[0]) if rows else None


def governed_comment(*, comment_id: int, post_author_id: int) -> ShownComment | None:
    """The comment as it is to the author of the post that it stands under, across blocks too; None when the post is another's or gone."""
    rows = GOVERNED.rows(comment_id, post_author_id)
    return ShownComment(*rows[0]) if rows else None


def comments_of(
    *, post_id: int, viewer_id: int, window: Window
) -> Look[ShownComment, tuple[int, int]] | None:
    """Comments of a post, nearest to the place first; None when the viewer may not see the post."""
    statement = PAGE_BACKWARD if window.backward else PAGE_FORWARD
    rows = statement.rows(post_id, viewer_id, *window.place, window.limit)
    if not rows:
        return None
    thread_id, comment_id = rows[0][-2:]
    found = [ShownComment(*row[:-2]) for row in rows if row[0] is not None]
    return Look(found, until=None if comment_id is None else (thread_id, comment_id))
