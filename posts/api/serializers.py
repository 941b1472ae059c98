from datetime import datetime
from typing import Any, Protocol

from rest_framework import serializers

from accounts.api.serializers import AuthorOutput
from posts.models import CONTENT_LENGTH
from puppies.api.pagination import NEXT, POLL
from puppies.api.serializers import IdText, Input, Text


class PostInput(Input):
    content = Text(
        max_length=CONTENT_LENGTH,
        help_text="At least one visible character; white space at both ends is removed first.",
    )


class MediaOutput(serializers.Serializer[Any]):
    url = serializers.URLField()
    preview_url = serializers.URLField(allow_null=True)
    type = serializers.CharField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    blurhash = serializers.CharField(allow_null=True)
    alt_text = serializers.CharField()
    status = serializers.CharField()


class PostViewerOutput(serializers.Serializer[Any]):
    liked = serializers.BooleanField()


class PostOutput(serializers.Serializer[Any]):
    id = IdText()
    author = AuthorOutput()
    content = serializers.CharField()
    media = MediaOutput(allow_null=True)
    like_count = serializers.IntegerField()
    comment_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    viewer = PostViewerOutput(help_text="What the caller did with the post; all false without signing in.")


class PostPageOutput(serializers.Serializer[Any]):
    results = PostOutput(many=True)
    next = serializers.URLField(allow_null=True, help_text=NEXT)
    previous = serializers.URLField(help_text=POLL)


class Shown(Protocol):
    """What a post shows, whichever statement read it."""

    @property
    def id(self) -> int: ...
    @property
    def content(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def edited_at(self) -> datetime | None: ...
    @property
    def like_count(self) -> int: ...
    @property
    def comment_count(self) -> int: ...
    @property
    def author_id(self) -> int: ...
    @property
    def username(self) -> str: ...
    @property
    def display_name(self) -> str: ...


def post_json(post: Shown, *, liked: bool) -> dict[str, Any]:
    """A post as `PostOutput` describes it."""
    return {
        "id": str(post.id),
        # What `author_json` gives, written out: a page of a feed saves a call for each post.
        "author": {
            "id": str(post.author_id),
            "username": post.username,
            "display_name": post.display_name,
            "avatar_url": None,
        },
        "content": post.content,
        "media": None,
        "like_count": post.like_count,
        "comment_count": post.comment_count,
        "created_at": post.created_at,
        "edited_at": post.edited_at,
        "viewer": {"liked": liked},
    }
