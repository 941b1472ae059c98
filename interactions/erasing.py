"""The end of an account's likes, a batch at a time, each with its effect on counts."""

from django.conf import settings

from posts import counters
from puppies.sql import execute

# What was counted for others' posts is taken back by the ledger; the counts of the account's own posts go with the posts.
ERASE_GIVEN = """
WITH erased AS (
    DELETE FROM interactions_like WHERE user_id = %(user)s AND post_id IN (
        SELECT post_id FROM interactions_like WHERE user_id = %(user)s ORDER BY post_id LIMIT %(limit)s)
    RETURNING post_id
)
INSERT INTO puppies_ledgerentry (counter, subject_id, actor_id, delta)
SELECT %(counter)s, post_id, %(user)s, -1 FROM erased
"""

ERASE_RECEIVED = """
DELETE FROM interactions_like WHERE (user_id, post_id) IN (
    SELECT own.user_id, own.post_id FROM interactions_like AS own JOIN posts_post AS post ON post.id = own.post_id + 0
     WHERE post.author_id = %(author)s LIMIT %(limit)s)
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
    return bool(execute(ERASE_RECEIVED, {"author": author_id, "limit": settings.PERSONAL_DATA_BATCH}))
