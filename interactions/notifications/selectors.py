"""A recipient's notifications, read by one statement: what is written is a hint, what is there now is the truth.

A group is shown when its post and its comment are there and may be seen, and somebody in it is left: active, with no block between the
two in either direction, not muted by the recipient, and still liking or following. Each condition is a scalar subquery that the planner
can not turn into a join, so that groups are read in the order of their index and the reading stops at the limit, and so within a group.

Work is bounded before anything is filtered: of a group the newest hundred actors are looked at, and one statement looks at 200 groups. So
nobody's list becomes slow by what it does not show, such as the likes of a hundred thousand accounts that were suspended.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from interactions.models import Kind
from puppies.ids import MAX_ID
from puppies.sql import Statement

# Who is beyond is not counted.
MOST = 99
NAMED = 3
# Looked at: actors of one group, and groups in one statement.
ACTORS_LOOKED_AT = 100
GROUPS_LOOKED_AT = 200
_KINDS = ", ".join(f"'{kind}'" for kind in Kind)

# What $1 wants to be shown at all, and has read.
_INBOX = """
    SELECT coalesce(inbox.read_up_to, 0) AS read_up_to, coalesce(inbox.not_in_app, '{}') AS not_in_app
      FROM (VALUES (1)) AS one LEFT JOIN interactions_notificationinbox AS inbox ON inbox.user_id = $1"""


def _unblocked(column: str) -> str:
    return f"""NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = $1 AND blocked_id = {column})
               AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocked_id = $1 AND blocker_id = {column})"""  # noqa: S608 - a column of this module


_ACTS = """
    FROM interactions_notification AS told_by
     WHERE told_by.recipient_id = $1 AND told_by.kind = told.kind AND told_by.subject_id = told.subject_id
       AND NOT told_by.is_withdrawn
     ORDER BY told_by.id DESC"""
_HAS_MORE_ACTS = f"(SELECT true {_ACTS} OFFSET {ACTORS_LOOKED_AT} LIMIT 1) IS TRUE"
# The visible ones among the newest actors of the group `told`, the newest first.
_ACTORS = f"""
    SELECT told_by.id, told_by.actor_id FROM (
        SELECT told_by.id, told_by.actor_id, told_by.kind, told_by.subject_id {_ACTS} LIMIT {ACTORS_LOOKED_AT}) AS told_by
     WHERE (SELECT actor.state = 'active' AND {_unblocked("actor.id")}
                   AND NOT EXISTS (SELECT 1 FROM accounts_mute WHERE muter_id = $1 AND muted_id = actor.id)
              FROM accounts_user AS actor WHERE actor.id = told_by.actor_id)
       AND CASE told_by.kind
           WHEN 'like' THEN (SELECT true FROM interactions_like WHERE user_id = told_by.actor_id AND post_id = told_by.subject_id)
           WHEN 'follow' THEN (SELECT true FROM accounts_follow WHERE follower_id = told_by.actor_id AND followee_id = $1)
           ELSE true END
     ORDER BY told_by.id DESC"""  # noqa: S608 - the only interpolation is a constant of this module
_IS_SHOWN = f"""
    (told.post_id IS NULL
     OR (SELECT post.state = 'published' AND author.state = 'active' AND {_unblocked("author.id")}
           FROM posts_post AS post JOIN accounts_user AS author ON author.id = post.author_id WHERE post.id = told.post_id))
    AND (told.comment_id IS NULL OR (SELECT state = 'published' FROM interactions_comment WHERE id = told.comment_id))
    AND (SELECT true FROM ({_ACTORS} LIMIT 1) AS anybody)"""  # noqa: S608 - the only interpolations are constants of this module

# One more than is counted tells that there are more. Groups that were not looked at may be more.
_ABOVE = f"""
    FROM interactions_notificationgroup AS told
     WHERE told.recipient_id = $1 AND told.place > inbox.read_up_to
       AND told.kind = ANY (ARRAY[{_KINDS}]) AND told.kind <> ALL (inbox.not_in_app)
     ORDER BY told.place DESC"""
_UNREAD = f"""
    SELECT (SELECT true {_ABOVE} OFFSET {GROUPS_LOOKED_AT} LIMIT 1) IS TRUE AS is_cut, (
        SELECT count(*) FROM (
            SELECT 1 FROM (SELECT told.* {_ABOVE} LIMIT {GROUPS_LOOKED_AT}) AS told
             WHERE {_IS_SHOWN} LIMIT {MOST + 1}) AS above) AS number"""  # noqa: S608 - the only interpolations are constants of this module

UNREAD = Statement(
    name="unread_notifications",
    sql=f"SELECT unread.number, unread.is_cut FROM ({_INBOX}) AS inbox CROSS JOIN LATERAL ({_UNREAD}) AS unread",  # noqa: S608 - constants
    types=("bigint",),
    by_index=True,
)


def _page(name: str, direction: str) -> Statement:
    """$1 recipient, $2 kinds, $3 below, $4 above, $5 but for these, $6 groups. One row of nulls besides the count and the last place
    looked at when there are none; that place is null when everything was looked at.
    """
    groups = f"""
        FROM interactions_notificationgroup AS told
         WHERE told.recipient_id = $1 AND told.kind = ANY ($2) AND told.kind <> ALL (inbox.not_in_app)
           AND told.place < $3 AND told.place > $4 AND told.place <> ALL ($5)
         ORDER BY told.place {direction}"""
    return Statement(
        name=name,
        sql=f"""
        SELECT unread.number, unread.is_cut, looked.ends_at,
               listed.place <= inbox.read_up_to, listed.place, listed.kind, listed.actors_count, listed.has_more_acts,
               listed.newest, listed.actor_ids, listed.usernames, listed.display_names,
               post.id, post.content, post.created_at, post.edited_at, author.id, author.username, author.display_name,
               comment.id, comment.parent_id, comment.content, comment.created_at, comment.edited_at
          FROM ({_INBOX}) AS inbox
         CROSS JOIN LATERAL ({_UNREAD}) AS unread
         CROSS JOIN LATERAL (SELECT (SELECT told.place {groups} OFFSET {GROUPS_LOOKED_AT - 1} LIMIT 1) AS ends_at) AS looked
          LEFT JOIN LATERAL (
            SELECT told.*, actors.*, {_HAS_MORE_ACTS} AS has_more_acts FROM (
                SELECT told.* FROM (SELECT told.* {groups} LIMIT {GROUPS_LOOKED_AT}) AS told
                 WHERE {_IS_SHOWN} ORDER BY told.place {direction} LIMIT $6) AS told
             CROSS JOIN LATERAL (
                SELECT count(*) AS actors_count, max(one.id) AS newest,
                       array_agg(one.actor_id ORDER BY one.id DESC) FILTER (WHERE one.number <= {NAMED}) AS actor_ids,
                       array_agg(actor.username::text ORDER BY one.id DESC) FILTER (WHERE one.number <= {NAMED}) AS usernames,
                       array_agg(actor.display_name::text ORDER BY one.id DESC) FILTER (WHERE one.number <= {NAMED}) AS display_names
                  FROM (SELECT visible.*, row_number() OVER (ORDER BY visible.id DESC) AS number
                          FROM ({_ACTORS}) AS visible) AS one
                  LEFT JOIN accounts_user AS actor ON actor.id = one.actor_id AND one.number <= {NAMED}) AS actors
            ) AS listed ON true
          LEFT JOIN posts_post AS post ON post.id = listed.post_id
          LEFT JOIN accounts_user AS author ON author.id = post.author_id
          LEFT JOIN interactions_comment AS comment ON comment.id = listed.comment_id
         ORDER BY listed.place {direction}
        """,  # noqa: S608 - the only interpolations are constants of this module
        types=("bigint", "text[]", "bigint", "bigint", "bigint[]", "integer"),
        by_index=True,
    )


PAGE_DOWN = _page("notifications_down", "DESC")
PAGE_UP = _page("notifications_up", "ASC")


class Person(NamedTuple):
    """An account as far as a list names it."""

    id: int
    username: str
    display_name: str


class ToldPost(NamedTuple):
    """The post that a notification is about."""

    author: Person
    id: int
    content: str
    created_at: datetime
    edited_at: datetime | None


class ToldComment(NamedTuple):
    """The comment that a notification is about; who wrote it is the actor."""

    id: int
    parent_id: int | None
    content: str
    created_at: datetime
    edited_at: datetime | None


class Told(NamedTuple):
    """One group as its recipient sees it. `place` is its key, `newest` the id of its newest visible act; `actors` the newest three."""

    place: int
    kind: Kind
    is_read: bool
    newest: int
    actors: list[Person]
    actors_count: int
    is_capped: bool
    post: ToldPost | None
    comment: ToldComment | None


class Unread(NamedTuple):
    """How many groups are not read yet; `is_capped` when there are, or may be, more than `number`."""

    number: int
    is_capped: bool


class Listed(NamedTuple):
    """One page, and how much of all kinds is not read, in the same snapshot.

    `ends_at` is the last place looked at when there may be more beyond it, else None: a page that is not full may go on there.
    """

    told: list[Told]
    unread: Unread
    ends_at: int | None


def unread(*, recipient_id: int) -> Unread:
    """How many visible groups stand above the recipient's marker, 99 at most, of the newest 200."""
    return _unread(*UNREAD.rows(recipient_id)[0])


def notifications(
    *,
    recipient_id: int,
    limit: int,
    kinds: Collection[str] = tuple(Kind),
    before: int = MAX_ID,
    after: int = 0,
    shown: Sequence[int] = (),
    upward: bool = False,
) -> Listed:
    """Visible groups of these kinds by place within (after, before) but for `shown`, newest first, or oldest first when looking upward:
    `limit` of them, or those among the first 200.
    """
    statement = PAGE_UP if upward else PAGE_DOWN
    rows = statement.rows(recipient_id, list(kinds), before, after, list(shown), limit)
    number, is_cut, ends_at = rows[0][:3]
    return Listed([_told(row[3:]) for row in rows if row[4] is not None], _unread(number, is_cut), ends_at)


def _unread(found: int, is_cut: bool) -> Unread:
    return Unread(min(found, MOST), found > MOST or is_cut)


def _told(row: tuple[Any, ...]) -> Told:
    is_read, place, kind, count, has_more_acts, newest, *names = row[:9]
    post, author, comment = row[9:13], row[13:16], row[16:]
    return Told(
        place=place,
        kind=Kind(kind),
        is_read=is_read,
        newest=newest,
        actors=[Person(*person) for person in zip(*names, strict=True)],
        actors_count=min(count, MOST),
        is_capped=count > MOST or has_more_acts,
        post=None if post[0] is None else ToldPost(Person(*author), *post),
        comment=None if comment[0] is None else ToldComment(*comment),
    )
