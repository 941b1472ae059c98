"""Reads of accounts that span tables, or that are asked at every request."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from accounts import counters
from accounts.models import USERNAME_PATTERN, Block, User, blocked_pair
from accounts.policy import RANK, Role, including
from puppies import ledger
from puppies.sql import Statement

# The key probe behind every request that no hot statement checks by itself.
SESSION_IS_GOOD = Statement(
    name="session_is_good",
    sql="""
    SELECT 1 FROM accounts_session AS session JOIN accounts_user AS account ON account.id = session.user_id
     WHERE session.id = $1 AND session.user_id = $2
       AND session.revoked_at IS NULL AND session.expires_at > now() AND account.state = 'active'
    """,
    types=("bigint", "bigint"),
)

COUNTS = """
SELECT account.id,
       account.followers_count + coalesce(sum(entry.delta) FILTER (WHERE entry.counter = %(followers)s), 0),
       account.following_count + coalesce(sum(entry.delta) FILTER (WHERE entry.counter = %(following)s), 0),
       account.posts_count + coalesce(sum(entry.delta) FILTER (WHERE entry.counter = %(posts)s), 0)
  FROM accounts_user AS account
  LEFT JOIN puppies_ledgerentry AS entry
         ON entry.subject_id = account.id AND entry.counter IN (%(followers)s, %(following)s, %(posts)s)
 WHERE account.id = ANY(%(ids)s)
 GROUP BY account.id
"""

# Of who follows one count, whatever the ledger holds for its others; of who is followed only whether much of it waits.
FOLLOW_LOOK = """
SELECT account.following_count + coalesce((
           SELECT sum(delta) FROM puppies_ledgerentry WHERE counter = %(following)s AND subject_id = account.id), 0),
       (SELECT count(*) FROM (
           SELECT FROM puppies_ledgerentry WHERE counter = %(followers)s AND subject_id = %(followee)s LIMIT %(long)s) AS entry)
  FROM accounts_user AS account WHERE account.id = %(follower)s
"""

# Each column is a probe by key, so that a page costs the same however many the viewer follows or blocks.
RELATIONSHIPS = """
SELECT account.id,
       EXISTS (SELECT 1 FROM accounts_follow WHERE follower_id = %(viewer)s AND followee_id = account.id),
       EXISTS (SELECT 1 FROM accounts_follow WHERE follower_id = account.id AND followee_id = %(viewer)s),
       EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = %(viewer)s AND blocked_id = account.id),
       EXISTS (SELECT 1 FROM accounts_mute WHERE muter_id = %(viewer)s AND muted_id = account.id)
  FROM unnest(%(ids)s) AS account (id)
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """The exact counts of one account: what its row stores plus what the ledger holds."""

    followers: int
    following: int
    posts: int


@dataclass(frozen=True, slots=True)
class FollowLook:
    """How many the follower follows, exactly, and how many changes of the followee's followers wait to be added up, `LONG` at most."""

    following: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Relationship:
    """What one account is to another."""

    following: bool
    followed_by: bool
    blocking: bool = False
    muting: bool = False


STRANGERS = Relationship(following=False, followed_by=False)


def session_is_good(*, session_id: int, user_id: int) -> bool:
    """Whether the session is open and its account active."""
    return bool(SESSION_IS_GOOD.rows(session_id, user_id))


def roles_of(*, user_id: int) -> tuple[Role, ...]:
    """The roles of an account, the least first; none when there is no such account."""
    rows = list(User.objects.filter(id=user_id).values("is_superuser", "groups__name"))
    if not rows:
        return ()
    names = {row["groups__name"] for row in rows} | {"admin" for row in rows if row["is_superuser"]}
    return including(max((role for role in Role if role in names), key=RANK.__getitem__, default=Role.USER))


def user_by_username(username: str, *, viewer_id: int = 0) -> User | None:
    """The active account with this username, however it is spelled, unless a block stands between it and the viewer."""
    name = username.lower()
    if not re.fullmatch(USERNAME_PATTERN, name):
        return None
    found: User | None = User.objects.visible_to(viewer_id).filter(username=name).first()
    return found


def account_named(username: str) -> User | None:
    """The account with this username in whatever state, for operators."""
    found: User | None = User.objects.filter(username=username.lower()).first()
    return found


def user_to_block(username: str, *, viewer_id: int) -> User | None:
    """The account that the viewer may block or unblock: any that it sees, and any that it blocks already."""
    name = username.lower()
    if not re.fullmatch(USERNAME_PATTERN, name):
        return None
    blocked = Exists(Block.objects.filter(blocker_id=viewer_id, blocked_id=OuterRef("pk")))
    allowed = blocked | ~blocked_pair(viewer_id, "pk")
    found: User | None = User.objects.active().filter(allowed, username=name).first()
    return found


def counts_of(*, user_id: int) -> Counts:
    """The counts of one account, read in one statement."""
    return counts_of_many(user_ids=[user_id])[user_id]


def counts_of_many(*, user_ids: Collection[int]) -> dict[int, Counts]:
    """The counts of each of these accounts, read in one statement."""
    if not user_ids:
        return {}
    names: dict[str, Any] = {
        "ids": list(user_ids),
        "followers": counters.FOLLOWERS,
        "following": counters.FOLLOWING,
        "posts": counters.POSTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, names)
        return {row[0]: Counts(*map(int, row[1:])) for row in cursor.fetchall()}


def look_at_follow(*, follower_id: int, followee_id: int) -> FollowLook:
    """What a follow has to know of the counts that it changes, read in one statement."""
    names: dict[str, Any] = {"follower": follower_id, "followee": followee_id, "long": ledger.LONG}
    with connection.cursor() as cursor:
        cursor.execute(
            FOLLOW_LOOK, names | {"followers": counters.FOLLOWERS, "following": counters.FOLLOWING}
        )
        following, waiting = cursor.fetchone()
    return FollowLook(int(following), waiting)


def relationship(*, viewer_id: int, user_id: int) -> Relationship:
    """What `viewer` is to `user`, in one query."""
    return relationships(viewer_id=viewer_id, user_ids=[user_id])[user_id]


def relationships(*, viewer_id: int, user_ids: Collection[int]) -> dict[int, Relationship]:
    """What `viewer` is to each of these accounts, in one query; in none when nobody is signed in."""
    rows: list[tuple[Any, ...]] = []
    if viewer_id and user_ids:
        with connection.cursor() as cursor:
            cursor.execute(RELATIONSHIPS, {"viewer": viewer_id, "ids": list(user_ids)})
            rows = cursor.fetchall()
    known = {row[0]: Relationship(*row[1:]) for row in rows}
    return {user_id: known.get(user_id, STRANGERS) for user_id in user_ids}
