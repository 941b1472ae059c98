"""What people do with comments. Whoever may not see a comment or its post is told NotFound, but for what one answers for: the author of
a post hides comments under it, and the author of a comment deletes it, whoever blocks whom.

A deletion locks its thread's root first, and a reply holds the root against deletion, so that none is ever left without its root. What
only changes one row (an edit, a hide) locks that row alone.
"""

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from interactions.comments import rows
from interactions.comments.rows import State
from interactions.comments.selectors import ShownComment, governed_comment, shown_comment
from interactions.events import CommentPublished
from interactions.models import Comment
from posts.models import Post
from puppies.errors import DomainError, FieldProblem, NotFound
from puppies.events import publish
from puppies.text import is_visible


class EmptyComment(DomainError):
    code = "validation_failed"
    title = "The request is not valid"


class UnknownParent(DomainError):
    """What the comment answers is no published comment of this post, or none that its author can see."""

    code = "unknown_parent"
    status = 409
    title = "There is no such comment to reply to"


class NotTheAuthor(DomainError):
    """A comment is changed and deleted by whoever wrote it."""

    code = "not_the_author"
    status = 403
    title = "This comment is somebody else's"


class NotThePostsAuthor(DomainError):
    """Comments are hidden and shown by the author of the post that they stand under."""

    code = "not_the_posts_author"
    status = 403
    title = "This comment is under somebody else's post"


class RemovedByModerator(DomainError):
    """What a moderator removed, only a moderator brings back, as it was."""

    code = "removed_by_moderator"
    status = 403
    title = "A moderator removed this comment"


@transaction.atomic
def publish_comment(*, author_id: int, post_id: int, content: str, parent_id: int | None = None) -> int:
    """Comment on a post, or reply to a comment of it: the reply joins the thread of what it answers. The new comment's id.

    Raises EmptyComment, NotFound for a post that cannot be seen, UnknownParent.
    """
    _refuse_empty(content)
    if not Post.objects.visible_to(author_id).filter(id=post_id).exists():
        raise NotFound
    thread_id = None if parent_id is None else _thread_of(parent_id, post_id, author_id)
    comment_id = Comment.objects.add(
        post_id=post_id, author_id=author_id, content=content, parent_id=parent_id, thread_id=thread_id
    )
    rows.count(post_id=post_id, actor_id=author_id, delta=+1)
    publish(CommentPublished(comment_id=comment_id, post_id=post_id, author_id=author_id))
    return comment_id


def _thread_of(parent_id: int, post_id: int, author_id: int) -> int:
    thread_id = rows.hold_thread(comment_id=parent_id)
    # Looked at once the thread is held: the parent may have been deleted while we waited for that.
    parent = shown_comment(comment_id=parent_id, viewer_id=author_id) if thread_id else None
    if thread_id is None or parent is None or (parent.post_id, parent.state) != (post_id, State.PUBLISHED):
        raise UnknownParent
    return thread_id


@transaction.atomic
def edit_comment(
    *, user_id: int, comment_id: int, allow: Callable[[Comment], None], content: str | None = None
) -> Comment:
    """Change the text once `allow`, called with the locked comment, has not raised; None, or the same text again, changes nothing.

    Raises EmptyComment, NotFound, NotTheAuthor, RemovedByModerator.
    """
    if content is not None:
        _refuse_empty(content)
    _refuse_others(_seen(comment_id, user_id), user_id)
    comment = rows.locked(comment_id=comment_id)
    if comment.state == State.REMOVED:
        raise RemovedByModerator
    allow(comment)
    if content not in (None, comment.content):
        comment.content, comment.edited_at = content, timezone.now()
        comment.save(update_fields=["content", "edited_at"])
    return comment


@transaction.atomic
def delete_comment(*, user_id: int, comment_id: int) -> None:
    """Remove one's comment for good, also where one does not see it any more; a root with replies leaves its place.

    Raises NotFound, NotTheAuthor.
    """
    own = Comment.objects.by_author(user_id).filter(id=comment_id).values_list("thread_id", flat=True).first()
    if own is None:
        _refuse_others(_seen(comment_id, user_id), user_id)
    if own is None or not rows.remove(ids=[comment_id], thread_ids=[own], actor_id=user_id):
        raise NotFound


@transaction.atomic
def hide_comment(*, user_id: int, comment_id: int) -> bool:
    """Hide a comment under one's own post; False when it is hidden already. Raises NotFound, NotThePostsAuthor."""
    _refuse_other_posts(comment_id, user_id)
    comment = rows.locked(comment_id=comment_id)
    if comment.state != State.PUBLISHED:
        return False
    rows.change_state(comment, State.HIDDEN, actor_id=user_id)
    return True


@transaction.atomic
def unhide_comment(*, user_id: int, comment_id: int) -> bool:
    """Show a comment again that one hid; False when it is not hidden. Raises NotFound, NotThePostsAuthor, RemovedByModerator."""
    _refuse_other_posts(comment_id, user_id)
    comment = rows.locked(comment_id=comment_id)
    if comment.state == State.REMOVED:
        raise RemovedByModerator
    if comment.state != State.HIDDEN:
        return False
    rows.change_state(comment, State.PUBLISHED, actor_id=user_id)
    return True


def _seen(comment_id: int, user_id: int) -> ShownComment:
    shown = shown_comment(comment_id=comment_id, viewer_id=user_id)
    if shown is None:
        raise NotFound
    return shown


def _refuse_empty(content: str) -> None:
    if not is_visible(content):
        raise EmptyComment(errors=(FieldProblem("/content", "blank", "Write something visible."),))


def _refuse_others(shown: ShownComment, user_id: int) -> None:
    if shown.author_id != user_id:
        raise NotTheAuthor


def _refuse_other_posts(comment_id: int, user_id: int) -> None:
    if governed_comment(comment_id=comment_id, post_author_id=user_id) is None:
        _seen(comment_id, user_id)
        raise NotThePostsAuthor
