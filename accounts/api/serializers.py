import re
from typing import Any

from rest_framework import serializers

from accounts.models import DISPLAY_NAME_LENGTH, USERNAME_PATTERN, User
from accounts.selectors import Counts, Relationship
from accounts.services import normalize_username
from puppies.api.serializers import IdText, Input, Text


class UsernameText(Text):
    """Letters, digits and underscores, 3 to 30; kept in lower case."""

    default_error_messages = {"form": "Use 3 to 30 letters, digits and underscores."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=60, **options)

    def to_internal_value(self, data: Any) -> str:
        name = normalize_username(super().to_internal_value(data))
        if not re.fullmatch(USERNAME_PATTERN, name):
            self.fail("form")
        return name


class RegisterInput(Input):
    username = UsernameText()
    email = serializers.EmailField(max_length=254)
    password = Text(max_length=256, trim_whitespace=False)


class TokenInput(Input):
    username = Text(max_length=254)
    password = Text(max_length=256, trim_whitespace=False)


class RelationshipOutput(serializers.Serializer[Any]):
    following = serializers.BooleanField()
    followed_by = serializers.BooleanField()
    blocking = serializers.BooleanField()
    muting = serializers.BooleanField()


class UserOutput(serializers.Serializer[Any]):
    id = IdText()
    username = serializers.CharField()
    display_name = serializers.CharField(max_length=DISPLAY_NAME_LENGTH)
    bio = serializers.CharField()
    avatar_url = serializers.URLField(allow_null=True)
    followers_count = serializers.IntegerField()
    following_count = serializers.IntegerField()
    posts_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    viewer = RelationshipOutput(help_text="What the caller is to this account; all false without signing in.")


class TokenOutput(serializers.Serializer[Any]):
    access = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires.")


class RegisterOutput(TokenOutput):
    user = UserOutput()


def relationship_json(relationship: Relationship) -> dict[str, bool]:
    return {
        "following": relationship.following,
        "followed_by": relationship.followed_by,
        "blocking": relationship.blocking,
        "muting": relationship.muting,
    }


def user_json(user: User, counts: Counts, relationship: Relationship) -> dict[str, Any]:
    """An account as `UserOutput` describes it."""
    return {
        "id": str(user.id),
        "username": user.username,
        "display_name": user.display_name,
        "bio": user.bio,
        "avatar_url": None,
        "followers_count": counts.followers,
        "following_count": counts.following,
        "posts_count": counts.posts,
        "created_at": user.created_at,
        "viewer": relationship_json(relationship),
    }
