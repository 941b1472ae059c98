"""Reads of accounts that span tables, or that are asked at every request."""

import re
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts import counters
from accounts.models import USERNAME_PATTERN, Follow, User
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

PROFILE = """
SELECT account.followers_count + coalesce(sum(entry.delta) FILTER (WHERE entry.counter = %(followers)s), 0),
       account.following_count + coalesce(sum(entry.delta) FILTER (WHERE entry.counter = %(following)s), 0),
       account.posts_count + coalesce(sum(entry.delta) FILTER (WHERE entry.counter = %(posts)s), 0)
  FROM accounts_user AS account
  LEFT JOIN puppies_ledgerentry AS entry
         ON entry.subject_id = account.id AND entry.counter IN (%(followers)s, %(following)s, %(posts)s)
 WHERE account.id = %(id)s
 GROUP BY account.id
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """The exact counts of one account: what its row stores plus what the ledger holds."""

    followers: int
    following: int
    posts: int


@dataclass(frozen=True, slots=True)
class Relationship:
    """What one account is to another."""

    following: bool
    followed_by: bool
    blocking: bool = False
    muting: bool = False


def session_is_good(*, session_id: int, user_id: int) -> bool:
    """Whether the session is open and its account active."""
    return bool(SESSION_IS_GOOD.rows(session_id, user_id))


def user_by_username(username: str) -> User | None:
    """The active account with this username, however it is spelled."""
    name = username.lower()
    if not re.fullmatch(USERNAME_PATTERN, name):
        return None
    found: User | None = User.objects.active().filter(username=name).first()
    return found


def counts_of(*, user_id: int) -> Counts:
    """The counts of one account, read in one statement."""
    names: dict[str, Any] = {
        "id": user_id,
        "followers": counters.FOLLOWERS,
        "following": counters.FOLLOWING,
        "posts": counters.POSTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(PROFILE, names)
        return Counts(*map(int, cursor.fetchone()))


def relationship(*, viewer_id: int, user_id: int) -> Relationship:
    """What `viewer` is to `user`, in one query."""
    pairs = set(
        Follow.objects.filter(
            follower_id__in=(viewer_id, user_id), followee_id__in=(viewer_id, user_id)
        ).values_list("follower_id", "followee_id")
    )
    return Relationship(following=(viewer_id, user_id) in pairs, followed_by=(user_id, viewer_id) in pairs)
