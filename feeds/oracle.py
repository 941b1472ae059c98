"""What home feeds should hold, asked in plain SQL that shares nothing with the feed's own statement, and how they differ from it.

`manage.py verify`, `verify_feeds` and `explain_feed` ask the same oracle. Each look is one snapshot, so writes that go on meanwhile are
no findings; nothing is changed.
"""

from collections import Counter as Counted
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from accounts.models import User
from accounts.sessions import open_session
from feeds.selectors import home_page
from puppies.ids import MAX_ID

ORACLE = """
SELECT post.id FROM posts_post AS post, accounts_user AS author
 WHERE author.id = post.author_id AND author.state = 'active' AND post.state = 'published'
   AND (author.id = %(reader)s OR author.id IN (SELECT followee_id FROM accounts_follow WHERE follower_id = %(reader)s))
   AND author.id NOT IN (SELECT muted_id FROM accounts_mute WHERE muter_id = %(reader)s)
   AND author.id NOT IN (SELECT blocked_id FROM accounts_block WHERE blocker_id = %(reader)s)
   AND author.id NOT IN (SELECT blocker_id FROM accounts_block WHERE blocked_id = %(reader)s)
 ORDER BY post.feed_id DESC LIMIT %(posts)s
"""

# What a stored feed claims from its floor up: whatever was pushed by accounts whose follow is merged. A deleted post may be purged.
CLAIMED = """
SELECT post.id FROM accounts_follow AS follow, posts_post AS post
 WHERE follow.follower_id = %(reader)s AND follow.merged AND post.author_id = follow.followee_id
   AND post.delivery = 'pushed' AND post.state <> 'deleted'
   AND post.feed_id >= coalesce((SELECT floor FROM feeds_feedstate WHERE user_id = %(reader)s), 0)
   AND post.feed_id NOT IN (SELECT feed_id FROM feeds_feedentry WHERE user_id = %(reader)s)
 ORDER BY post.feed_id DESC
"""


def expected_ids(*, reader_id: int, posts: int) -> list[int]:
    """The newest ids that the reader's feed should show, in order."""
    return [row[0] for row in rows(ORACLE, {"reader": reader_id, "posts": posts})]


def claim_faults(*, reader_id: int) -> list[str]:
    """In words, what the stored feed claims to hold and does not."""
    missing = [row[0] for row in rows(CLAIMED, {"reader": reader_id})]
    return [f"the stored feed of {reader_id} lacks: {listed(missing)}"] if missing else []


def walk_and_oracle(*, reader_id: int, posts: int, page: int) -> tuple[list[int], list[int]]:
    """The first `posts` ids of the reader's feed, walked page by page, and what they should be; call it in a `snapshot`."""
    expected = expected_ids(reader_id=reader_id, posts=posts)
    # The feed asks for a good session; this one is gone with the snapshot.
    session = open_session(user=User(id=reader_id), device="verify")
    walked: list[int] = []
    before: int | None = MAX_ID
    while before is not None and len(walked) < posts:
        found = home_page(reader_id=reader_id, session_id=session.session_id, limit=page, before=before)
        walked += [item.id for item in found.items]
        before = found.scanned
    return walked[:posts], expected


def feed_faults(reader_id: int, walked: list[int], expected: list[int]) -> list[str]:
    """In words, which posts are missing and which should not be there."""
    kinds = {"lacks": _without(expected, walked), "shows what it must not": _without(walked, expected)}
    return [f"the feed of {reader_id} {what}: {listed(posts)}" for what, posts in kinds.items() if posts]


def walk_faults(reader_id: int, walked: list[int], expected: list[int]) -> list[str]:
    """In words, what is shown twice or out of order."""
    twice = [post for post, times in Counted(walked).items() if times > 1]
    faults = [f"the feed of {reader_id} shows more than once: {listed(twice)}"] if twice else []
    strange, missing = _without(walked, expected), _without(expected, walked)
    if list(dict.fromkeys(_without(walked, strange))) != _without(expected, missing):
        faults.append(f"the feed of {reader_id} is out of order")
    return faults


@contextmanager
def snapshot() -> Iterator[None]:
    """Everything read within is of one moment; nothing written within stays."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL transaction_timeout = 0")
        yield
        transaction.set_rollback(True)


def rows(sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    """The rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def listed(posts: list[int]) -> str:
    """The first of these ids, and how many more there are."""
    return ", ".join(map(str, posts[:3])) + (f" and {len(posts) - 3} more" if len(posts) > 3 else "")


def _without(posts: list[int], others: list[int]) -> list[int]:
    known = set(others)
    return [post for post in posts if post not in known]
