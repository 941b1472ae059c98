"""The end of an account's likes, a batch at a time, each with its effect on counts."""

from django.conf import settings
from django.db import connection

from posts import counters
from puppies.sql import execute

# Two accounts that are erased at once may have liked each other's posts. So likes are locked in the order of their key by whoever
# removes many of them.
# What was counted for others' posts is taken back by the ledger; the counts of the account's own posts go with the posts.
ERASE_GIVEN = """
WITH held AS MATERIALIZED (
    SELECT user_id, post_id FROM interactions_like WHERE user_id = %(user)s ORDER BY post_id LIMIT %(limit)s FOR UPDATE
), erased AS (
    DELETE FROM interactions_like AS own USING held
     WHERE own.user_id = held.user_id AND own.post_id = held.post_id RETURNING own.post_id
)
INSERT INTO puppies_ledgerentry (counter, subject_id, actor_id, delta)
SELECT %(counter)s, post_id, %(user)s, -1 FROM erased
"""

# Those that another erasure took meanwhile were found too: there may be more.
ERASE_RECEIVED = """
WITH found AS MATERIALIZED (
    SELECT own.user_id, own.post_id FROM interactions_like AS own JOIN posts_post AS post ON post.id = own.post_id + 0
     WHERE post.author_id = %(author)s LIMIT %(limit)s
), held AS MATERIALIZED (
    SELECT own.user_id, own.post_id FROM interactions_like AS own JOIN found USING (user_id, post_id)
     ORDER BY own.user_id, own.post_id FOR UPDATE OF own
), erased AS (
    DELETE FROM interactions_like AS own USING held WHERE own.user_id = held.user_id AND own.post_id = held.post_id
)
SELECT count(*) FROM found
"""


def erase_given(*, user_id: int) -> bool:
    """Take back the next 1,000 likes that the account gave; False when none is left."""
    return bool(
        execute(
            ERASE_GIVEN, {"user": user_id, "counter": counters.LIKES, "limit": settings.PERSONAL_DATA_BATCH}
        )
    )


def erase_received(*, author_id: int) -> bool:
    """Remove the next 1,000 likes of the author's posts; False when none is left."""
    with connection.cursor() as cursor:
        cursor.execute(ERASE_RECEIVED, {"author": author_id, "limit": settings.PERSONAL_DATA_BATCH})
        (found,) = cursor.fetchone()
    return bool(found)
