"""The end of an account's comments, a batch at a time."""

from django.conf import settings

from interactions.comments import rows
from interactions.models import Comment
from puppies.sql import execute

# The counts of the account's own posts go with the posts.
ERASE_RECEIVED = """
DELETE FROM interactions_comment WHERE id IN (
    SELECT own.id FROM interactions_comment AS own JOIN posts_post AS post ON post.id = own.post_id
     WHERE post.author_id = %(author)s LIMIT %(limit)s)
"""


def erase_given(*, user_id: int) -> bool:
    """Delete the next 1,000 comments that the account wrote, as it would itself; False when none is left."""
    written = Comment.objects.by_author(user_id).order_by("id").values_list("id", "thread_id")
    batch = list(written[: settings.PERSONAL_DATA_BATCH])
    if not batch:
        return False
    ids, thread_ids = {row[0] for row in batch}, {row[1] for row in batch}
    rows.remove(ids=ids, thread_ids=thread_ids, actor_id=user_id)
    return True


def erase_received(*, author_id: int) -> bool:
    """Remove the next 1,000 comments on the author's posts; False when none is left."""
    return bool(execute(ERASE_RECEIVED, {"author": author_id, "limit": settings.PERSONAL_DATA_BATCH}))
