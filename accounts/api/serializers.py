import re
from typing import Any

from rest_framework import serializers

from accounts.models import BIO_LENGTH, DISPLAY_NAME_LENGTH, USERNAME_PATTERN, Export, User
from accounts.policy import Role
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


class ProfileInput(Input):
    display_name = Text(max_length=DISPLAY_NAME_LENGTH, required=False, allow_blank=True)
    bio = Text(max_length=BIO_LENGTH, required=False, allow_blank=True)


class PrefixInput(Input):
    q = Text(max_length=30)


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
    access = serializers.CharField(
        help_text="For `Authorization: Bearer`; a JWT that /.well-known/jwks.json verifies."
    )
    refresh = serializers.CharField(help_text="Opaque; good once, for the next pair.")
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires.")


class RegisterOutput(TokenOutput):
    user = UserOutput()


class UserPageOutput(serializers.Serializer[Any]):
    results = UserOutput(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class MeOutput(UserOutput):
    email = serializers.EmailField()
    roles = serializers.ListField(
        child=serializers.ChoiceField([role.value for role in Role]), help_text="The least first."
    )


class DeletionOutput(serializers.Serializer[Any]):
    delete_after = serializers.DateTimeField(
        help_text="Signing in before this instant brings the account back."
    )


class ExportOutput(serializers.Serializer[Any]):
    id = IdText()
    state = serializers.ChoiceField(Export.State.choices)
    progress = serializers.IntegerField(min_value=0, max_value=100, help_text="Per cent of the rows written.")
    size = serializers.IntegerField(allow_null=True, help_text="Bytes, when the archive is ready.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="When the archive is removed.")
    url = serializers.URLField(allow_null=True, help_text="Where the archive is, for ten minutes.")


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
