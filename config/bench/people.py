"""Accounts, follows, posts and stored feeds by the million, made by single statements."""

from collections.abc import Sequence
from time import time
from typing import Any

import jwt
from django.conf import settings
from django.utils import timezone

from accounts.api.tokens import access_token

# Ids of the laboratory are small numbers; those of posts lie apart by a minute of ids, all of them in the past.
MINUTE = 60_000 << 22

ACCOUNTS = """
INSERT INTO accounts_user (id, username, email, password, display_name, is_superuser)
SELECT n, 'puppy_' || n, 'puppy_' || n || '@example.test', '!', 'Puppy ' || n, false FROM generate_series(1, %s) AS n
"""
SESSIONS = """
INSERT INTO accounts_session (id, user_id, expires_at)
SELECT id, id, now() + interval '1 day' FROM accounts_user WHERE id = ANY(%s)
"""
FOLLOWERS = """
INSERT INTO accounts_follow (follower_id, followee_id, merged) SELECT n, %s, true FROM generate_series(%s, %s) AS n
"""
FOLLOWEES = """
INSERT INTO accounts_follow (follower_id, followee_id, merged)
SELECT reader, author, true FROM unnest(%s) AS reader, unnest(%s) AS author
"""
POSTS = """
INSERT INTO posts_post (id, feed_id, author_id, content, delivery, created_at)
SELECT n * %s, n * %s, (%s::bigint[])[1 + n %% %s], repeat('A long walk in the rain. ', 6), 'pushed', now()
  FROM generate_series(1, %s) AS n
"""
STORED = """
INSERT INTO feeds_feedentry (user_id, feed_id, author_id)
SELECT reader, n * %s, 1 FROM generate_series(%s, %s) AS reader, generate_series(1, %s) AS n
"""
STORED_POSTS = """
INSERT INTO feeds_feedentry (user_id, feed_id, author_id)
SELECT reader, post.feed_id, post.author_id
  FROM unnest(%s) AS reader, (SELECT feed_id, author_id FROM posts_post ORDER BY feed_id DESC LIMIT %s) AS post
"""
LIKES = """
INSERT INTO interactions_like (user_id, post_id)
SELECT reader, id FROM unnest(%s) AS reader, (SELECT id FROM posts_post ORDER BY id DESC LIMIT %s) AS post
 WHERE id / %s %% 3 = 0
"""


def token_of(user_id: int) -> str:
    """An access token of the account's session, which has the account's id."""
    return access_token(user_id=user_id, session_id=user_id, token_id=user_id, issued_at=timezone.now())


def textbook_token_of(user_id: int) -> str:
    """A token as simplejwt's defaults make it, for the textbook's view."""
    claims = {"token_type": "access", "user_id": str(user_id), "jti": str(user_id), "exp": int(time()) + 900}
    return jwt.encode(claims, settings.SECRET_KEY, algorithm="HS256")


def make_accounts(cursor: Any, count: int, *, signed_in: Sequence[int]) -> None:
    """Accounts 1 to `count`; those named have a session."""
    cursor.execute(ACCOUNTS, [count])
    cursor.execute(SESSIONS, [list(signed_in)])


def make_celebrity(cursor: Any, *, followers: int, stored: int) -> None:
    """Account 1 is followed by accounts 2 …, whose stored feeds hold `stored` rows together."""
    last = followers + 1
    cursor.execute(FOLLOWERS, [1, 2, last])
    # Whole feeds, a thousand readers a statement.
    each = stored // followers
    for first in range(2, last + 1, 1_000):
        cursor.execute(STORED, [MINUTE, first, min(first + 999, last), each])
    settle(cursor)


def make_readers(cursor: Any, readers: Sequence[int], *, authors: Sequence[int], stored: int) -> None:
    """Readers who follow all authors, with `stored` entries each, a third of the newest liked."""
    people, writers = list(readers), list(authors)
    cursor.execute(FOLLOWEES, [people, writers])
    cursor.execute(POSTS, [MINUTE, MINUTE, writers, len(writers), stored])
    cursor.execute(STORED_POSTS, [people, stored])
    cursor.execute(LIKES, [people, 60, MINUTE])
    settle(cursor)


def settle(cursor: Any) -> None:
    """Let statistics and the disk catch up, so that the measurement does not pay for the preparation."""
    cursor.execute("VACUUM (ANALYZE)")
    cursor.execute("CHECKPOINT")
