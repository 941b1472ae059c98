"""What moderators do with comments: each act is in the audit."""

from django.db import transaction

from accounts import audit, roles
from accounts.policy import Action
from interactions.comments import rows
from interactions.comments.rows import State
from interactions.models import Comment


@transaction.atomic
def remove_comment(*, actor_id: int | None, comment_id: int) -> bool:
    """Take a comment out of everybody's sight but its author's, the post's author's and moderators'; False when it is so already.

    Its author can only delete it then; the audit keeps its text.
    `actor_id` is None for an operator's command. Raises NotYours, NotFound.
    """
    comment = rows.locked(comment_id=comment_id)
    _authorize(actor_id, comment)
    if comment.state == State.REMOVED:
        return False
    # Its author may delete it; what was decided upon stays known.
    _decide(actor_id, comment, State.REMOVED, "comment_removed", content=comment.content)
    return True


@transaction.atomic
def restore_comment(*, actor_id: int | None, comment_id: int) -> bool:
    """Publish a comment again that a moderator removed; False when none did. Raises NotYours, NotFound.

    Also one that the post's author had hidden before: that author can hide it again.
    """
    comment = rows.locked(comment_id=comment_id)
    _authorize(actor_id, comment)
    if comment.state != State.REMOVED:
        return False
    _decide(actor_id, comment, State.PUBLISHED, "comment_restored")
    return True


def _authorize(actor_id: int | None, comment: Comment) -> None:
    roles.authorize(actor_id, Action.MODERATE, user_id=_author_of(comment))


def _decide(actor_id: int | None, comment: Comment, state: State, action: str, **detail: str) -> None:
    before, subject_id = comment.state, _author_of(comment)
    # The count's entry names who changed it; an operator's command has no account.
    rows.change_state(comment, state, actor_id=actor_id or subject_id)
    audit.record(
        action=action,
        actor_id=actor_id,
        subject_id=subject_id,
        comment_id=str(comment.id),
        post_id=str(comment.post_id),
        before=before,
        **detail,
    )


def _author_of(comment: Comment) -> int:
    # A constraint of the table: only deleted comments have none.
    author_id: int = comment.author_id
    return author_id
