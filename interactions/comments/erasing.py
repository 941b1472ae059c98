"""The end of an account's comments, a batch at a time."""

from django.conf import settings
from django.db import connection, transaction

from interactions.comments import rows
from interactions.models import Comment
from puppies.sql import execute

RECEIVED = """
SELECT own.id FROM interactions_comment AS own JOIN posts_post AS post ON post.id = own.post_id
 WHERE post.author_id = %(author)s LIMIT %(limit)s
"""
# The counts of the account's own posts go with the posts.
DELETE = "DELETE FROM interactions_comment WHERE id = ANY(%(ids)s)"


@transaction.atomic
def erase_given(*, user_id: int) -> bool:
    """Delete the next 1,000 comments that the account wrote, as it would itself; False when none is left."""
    written = Comment.objects.by_author(user_id).order_by("id").values_list("id", "thread_id")
    batch = list(written[: settings.PERSONAL_DATA_BATCH])
    if not batch:
        return False
    ids, thread_ids = {row[0] for row in batch}, {row[1] for row in batch}
    rows.remove(ids=ids, thread_ids=thread_ids, actor_id=user_id)
    return True


@transaction.atomic
def erase_received(*, author_id: int) -> bool:
    """Remove the next 1,000 comments on the author's posts; False when none is left."""
    with connection.cursor() as cursor:
        cursor.execute(RECEIVED, {"author": author_id, "limit": settings.PERSONAL_DATA_BATCH})
        ids = [comment_id for (comment_id,) in cursor.fetchall()]
    rows.lock(ids=ids)
    execute(DELETE, {"ids": ids})
    return bool(ids)
