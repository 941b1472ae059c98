from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from accounts.api.serializers import AuthorOutput, author_json
from interactions.models import Kind
from interactions.notifications.preferences import Digest, Preferences, Ways
from interactions.notifications.selectors import MOST, NAMED, Told, Unread
from puppies.api.pagination import NEXT, POLL
from puppies.api.serializers import IdInput, IdText, Input
from puppies.ids import MAX_ID, created_at

UP_TO = f"up_to is an id: a string of decimal digits, from 1 to {MAX_ID}."


class KindsInput(serializers.Serializer[Any]):
    kinds = serializers.ListField(
        child=serializers.ChoiceField(Kind.choices), allow_empty=False, max_length=len(Kind)
    )


class MarkInput(Input):
    up_to = IdInput(
        required=False,
        error_messages={"invalid": UP_TO},
        help_text="The `id` of the newest notification that was seen; without it, all there is.",
    )

    def validate_up_to(self, place: int) -> int:
        # Zero stands for whatever is beyond all ids.
        if not place:
            raise serializers.ValidationError(UP_TO)
        return place


class UnreadOutput(serializers.Serializer[Any]):
    unread_count = serializers.IntegerField(min_value=0, max_value=MOST)
    is_capped = serializers.BooleanField(help_text="There are, or may be, more than `unread_count`.")


class NotificationPostOutput(serializers.Serializer[Any]):
    id = IdText()
    author = AuthorOutput()
    content = serializers.CharField()
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)


class NotificationCommentOutput(serializers.Serializer[Any]):
    id = IdText()
    parent_id = IdText(allow_null=True, help_text="The comment that it answers.")
    content = serializers.CharField()
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)


class NotificationOutput(serializers.Serializer[Any]):
    id = IdText(
        help_text="Its place in the list. Likes of a post are one notification, which takes a new id when somebody new likes it: "
        "replace the one of the same `kind` and post by it."
    )
    kind = serializers.ChoiceField(Kind.choices)
    post = NotificationPostOutput(allow_null=True, help_text="What it is about, or is on; null for a follow.")
    comment = NotificationCommentOutput(
        allow_null=True, help_text="The comment or reply, or where you are mentioned; else null."
    )
    actors = AuthorOutput(many=True, help_text=f"Who did it, the newest first, {NAMED} at most.")
    actors_count = serializers.IntegerField(
        min_value=1, max_value=MOST, help_text="How many did it, of those you may see."
    )
    actors_count_is_capped = serializers.BooleanField(
        help_text="There are, or may be, more than `actors_count`."
    )
    created_at = serializers.DateTimeField(help_text="When the newest of them did it, or soon after.")
    is_read = serializers.BooleanField()


class NotificationPageOutput(UnreadOutput):
    results = NotificationOutput(many=True)
    next = serializers.URLField(allow_null=True, help_text=NEXT)
    previous = serializers.URLField(help_text=POLL)


class Flag(serializers.BooleanField):
    """`true` or `false`: neither a number nor a word."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class WaysInput(Input):
    in_app = Flag(required=False)
    email = Flag(required=False)


class PreferencesInput(Input):
    like = WaysInput(required=False)
    comment = WaysInput(required=False)
    reply = WaysInput(required=False)
    mention = WaysInput(required=False)
    follow = WaysInput(required=False)
    digest = serializers.ChoiceField([digest.value for digest in Digest], required=False)


class WaysOutput(serializers.Serializer[Any]):
    in_app = serializers.BooleanField(help_text="Shown in the list; what is not shown is not mailed either.")
    email = serializers.BooleanField(help_text="Part of the digest.")


class PreferencesOutput(serializers.Serializer[Any]):
    like = WaysOutput()
    comment = WaysOutput()
    reply = WaysOutput()
    mention = WaysOutput()
    follow = WaysOutput()
    digest = serializers.ChoiceField(
        [digest.value for digest in Digest],
        help_text="A mail a day of what is not read, to a verified address.",
    )


def unread_json(unread: Unread) -> dict[str, Any]:
    """A count as `UnreadOutput` describes it."""
    return {"unread_count": unread.number, "is_capped": unread.is_capped}


def notification_json(told: Told) -> dict[str, Any]:
    """A group as `NotificationOutput` describes it."""
    return {
        "id": str(told.place),
        "kind": told.kind.value,
        "post": _post_json(told),
        "comment": _comment_json(told),
        "actors": [author_json(*actor) for actor in told.actors],
        "actors_count": told.actors_count,
        "actors_count_is_capped": told.is_capped,
        "created_at": created_at(told.newest),
        "is_read": told.is_read,
    }


def _post_json(told: Told) -> dict[str, Any] | None:
    if told.post is None:
        return None
    return {
        "id": str(told.post.id),
        "author": author_json(*told.post.author),
        "content": told.post.content,
        "created_at": told.post.created_at,
        "edited_at": told.post.edited_at,
    }


def _comment_json(told: Told) -> dict[str, Any] | None:
    if told.comment is None:
        return None
    return {
        "id": str(told.comment.id),
        "parent_id": str(told.comment.parent_id) if told.comment.parent_id else None,
        "content": told.comment.content,
        "created_at": told.comment.created_at,
        "edited_at": told.comment.edited_at,
    }


def preferences_json(preferences: Preferences) -> dict[str, Any]:
    """Preferences as `PreferencesOutput` describes them."""
    return {**_ways_json(preferences.ways), "digest": preferences.digest.value}


def _ways_json(ways: Mapping[Kind, Ways]) -> dict[str, Any]:
    return {kind.value: {"in_app": way.in_app, "email": way.email} for kind, way in ways.items()}
