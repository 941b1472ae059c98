"""What interactions hold of an account."""

from typing import Any

from interactions import erasing
from interactions.comments import erasing as comments_erasing
from interactions.models import Comment, Like
from puppies.personal_data import Eraser, Section, hold


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
    Section("comments", rows=Comment.objects.by_author, key="id", present=comment_row),
    Eraser("interactions.comments_given", lambda user_id: comments_erasing.erase_given(user_id=user_id)),
    Eraser(
        "interactions.comments_received", lambda user_id: comments_erasing.erase_received(author_id=user_id)
    ),
    Eraser("interactions.likes_given", lambda user_id: erasing.erase_given(user_id=user_id)),
    Eraser("interactions.likes_received", lambda user_id: erasing.erase_received(author_id=user_id)),
)
