"""Changes of comments' rows, each with its effect on the post's count; called in a transaction, with the rows locked."""

from collections.abc import Collection

from django.db import connection

from interactions.models import Comment
from posts import counters
from puppies import ledger
from puppies.errors import NotFound
from puppies.sql import execute

State = Comment.State

# Many replies hold one root at once; an edit or a hide of it does not wait for them, a deletion does.
HOLD_THREAD = """
SELECT root.id FROM interactions_comment AS comment JOIN interactions_comment AS root ON root.id = comment.thread_id
 WHERE comment.id = %s FOR KEY SHARE OF root
"""
# One order for all who lock many: roots, then replies.
LOCK = """
SELECT id FROM interactions_comment WHERE id = ANY(%(ids)s) ORDER BY parent_id IS NOT NULL, id FOR UPDATE
"""

UNCOUNT = """
INSERT INTO puppies_ledgerentry (counter, subject_id, actor_id, delta)
SELECT %(counter)s, post_id, %(actor)s, -1 FROM interactions_comment WHERE id = ANY(%(ids)s) AND state = 'published'
"""
# What keeps the place of its thread, for others have replied there.
EMPTY = """
UPDATE interactions_comment AS root SET state = 'deleted', author_id = NULL, content = '', edited_at = NULL
 WHERE id = ANY(%(ids)s) AND parent_id IS NULL AND EXISTS (
       SELECT 1 FROM interactions_comment AS reply
        WHERE reply.post_id = root.post_id AND reply.thread_id = root.id AND reply.id <> ALL(%(ids)s))
"""
DELETE = "DELETE FROM interactions_comment WHERE id = ANY(%(ids)s) AND state <> 'deleted'"
# Deleted roots whose last reply has gone.
DELETE_EMPTY = """
DELETE FROM interactions_comment AS root
 WHERE id = ANY(%(ids)s) AND state = 'deleted' AND NOT EXISTS (
       SELECT 1 FROM interactions_comment AS reply
        WHERE reply.post_id = root.post_id AND reply.thread_id = root.id AND reply.id <> root.id)
"""


def count(*, post_id: int, actor_id: int, delta: int) -> None:
    """Record that the post has a published comment more or less."""
    ledger.record(counter=counters.COMMENTS, subject_id=post_id, actor_id=actor_id, delta=delta)


def hold_thread(*, comment_id: int) -> int | None:
    """The thread of a comment, kept from losing anything until the transaction ends; None when there is no such comment."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD_THREAD, [comment_id])
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def locked(*, comment_id: int) -> Comment:
    """The comment, for a change of it alone. Raises NotFound when it has been deleted meanwhile."""
    left = Comment.objects.exclude(state=State.DELETED).select_for_update(no_key=True)
    comment = left.filter(id=comment_id).first()
    if comment is None:
        raise NotFound
    return comment


def change_state(comment: Comment, state: str, *, actor_id: int) -> None:
    """Give a locked comment another state and count what is published."""
    delta = (state == State.PUBLISHED) - (comment.state == State.PUBLISHED)
    comment.state = state
    comment.save(update_fields=["state"])
    if delta:
        count(post_id=comment.post_id, actor_id=actor_id, delta=delta)


def lock(*, ids: Collection[int]) -> None:
    """Hold these comments for deletion, in an order in which no two who do so wait for each other."""
    execute(LOCK, {"ids": list(ids)})


def remove(*, ids: Collection[int], thread_ids: Collection[int], actor_id: int) -> bool:
    """Delete these comments and take them off the counts, exactly once; False when none of them was left.

    Their threads are locked first: nobody replies to them, or deletes from them, meanwhile. A root to which others replied keeps its
    place, and a place without replies goes.
    """
    lock(ids=thread_ids)
    lock(ids=ids)
    execute(UNCOUNT, {"counter": counters.COMMENTS, "actor": actor_id, "ids": list(ids)})
    emptied = execute(EMPTY, {"ids": list(ids)})
    deleted = execute(DELETE, {"ids": list(ids)})
    execute(DELETE_EMPTY, {"ids": list(thread_ids)})
    return emptied + deleted > 0
