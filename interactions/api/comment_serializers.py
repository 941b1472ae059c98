from typing import Any

from rest_framework import serializers

from accounts.api.serializers import AuthorOutput, author_json
from interactions.comments.selectors import ShownComment
from interactions.models import COMMENT_LENGTH
from puppies.api.pagination import NEXT
from puppies.api.pairs import PREVIOUS
from puppies.api.serializers import IdInput, IdText, Input, Text


class CommentChangeInput(Input):
    content = Text(
        max_length=COMMENT_LENGTH,
        help_text="At least one visible character; white space at both ends is removed first.",
    )


class CommentInput(CommentChangeInput):
    parent_id = IdInput(
        required=False,
        allow_null=True,
        help_text="The comment to reply to. Threads are one level deep: a reply to a reply joins the thread of both.",
    )


class CommentOutput(serializers.Serializer[Any]):
    id = IdText()
    post_id = IdText()
    thread_id = IdText(help_text="The comment that began the thread: its own id for one on the post itself.")
    parent_id = IdText(
        allow_null=True, help_text="What it replies to, which may be gone; null for one on the post itself."
    )
    author = AuthorOutput(allow_null=True, help_text="Null where `unavailable`.")
    content = serializers.CharField(allow_null=True, help_text="Null where `unavailable`.")
    hidden = serializers.BooleanField(
        help_text="Hidden by the post's author or a moderator: shown to these and the comment's author alone."
    )
    unavailable = serializers.BooleanField(
        help_text="Deleted, or not for the caller's eyes: in a list it keeps the place of a thread that has replies."
    )
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)


class CommentPageOutput(serializers.Serializer[Any]):
    results = CommentOutput(many=True)
    next = serializers.URLField(allow_null=True, help_text=NEXT)
    previous = serializers.URLField(allow_null=True, help_text=PREVIOUS)


def comment_json(comment: ShownComment) -> dict[str, Any]:
    """A comment as `CommentOutput` describes it."""
    return {
        "id": str(comment.id),
        "post_id": str(comment.post_id),
        "thread_id": str(comment.thread_id),
        "parent_id": str(comment.parent_id) if comment.parent_id else None,
        "author": _author_json(comment) if comment.is_seen else None,
        "content": comment.content if comment.is_seen else None,
        "hidden": comment.is_seen and comment.is_hidden,
        "unavailable": not comment.is_seen,
        "created_at": comment.created_at,
        "edited_at": comment.edited_at if comment.is_seen else None,
    }


def _author_json(comment: ShownComment) -> dict[str, Any]:
    return author_json(comment.author_id, comment.username, comment.display_name)
