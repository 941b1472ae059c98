"""What interactions hold of an account."""

from typing import Any

from interactions import erasing
from interactions.comments import erasing as comments_erasing
from interactions.models import Comment, Like, NotificationGroup, NotificationInbox
from interactions.notifications import erasing as notification_erasing
from puppies.personal_data import Eraser, Section, hold


def told_row(group: NotificationGroup) -> dict[str, Any]:
    """What the account was told of; who did it is the others' own."""
    return {
        "kind": group.kind,
        "post_id": str(group.post_id) if group.post_id else None,
        "comment_id": str(group.comment_id) if group.comment_id else None,
        "newest_at": group.risen_at,
    }


def preferences_row(inbox: NotificationInbox) -> dict[str, Any]:
    """What the account wants to be told of, and has read."""
    return {
        "not_in_app": inbox.not_in_app,
        "not_by_email": inbox.not_by_email,
        "digest": "daily" if inbox.digest_due_at else "never",
        "digested_at": inbox.digested_at,
        "read_up_to": str(inbox.read_up_to),
    }


def comment_row(comment: Comment) -> dict[str, Any]:
    """A comment as its author's archive tells it."""
    return {
        "id": str(comment.id),
        "post_id": str(comment.post_id),
        "parent_id": str(comment.parent_id) if comment.parent_id else None,
        "content": comment.content,
        "state": comment.state,
        "created_at": comment.created_at,
        "edited_at": comment.edited_at,
    }


hold(
    Section(
        "likes",
        rows=lambda user_id: Like.objects.filter(user_id=user_id),
        key="post_id",
        present=lambda like: {"post_id": str(like.post_id), "created_at": like.created_at},
    ),
    Section(
        "notifications",
        rows=lambda user_id: NotificationGroup.objects.filter(recipient_id=user_id),
        key="place",
        present=told_row,
    ),
    Section(
        "notification_preferences",
        rows=lambda user_id: NotificationInbox.objects.filter(user_id=user_id),
        key="user_id",
        present=preferences_row,
    ),
    # First: what likes leave behind here would be taken back one by one.
    Eraser(
        "interactions.notifications_received",
        lambda user_id: notification_erasing.erase_received(user_id=user_id),
    ),
    Eraser(
        "interactions.notifications_given", lambda user_id: notification_erasing.erase_given(user_id=user_id)
    ),
    Section("comments", rows=Comment.objects.by_author, key="id", present=comment_row),
    Eraser("interactions.comments_given", lambda user_id: comments_erasing.erase_given(user_id=user_id)),
    Eraser(
        "interactions.comments_received", lambda user_id: comments_erasing.erase_received(author_id=user_id)
    ),
    Eraser("interactions.likes_given", lambda user_id: erasing.erase_given(user_id=user_id)),
    Eraser("interactions.likes_received", lambda user_id: erasing.erase_received(author_id=user_id)),
)
