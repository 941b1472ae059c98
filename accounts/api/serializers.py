import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import BIO_LENGTH, DISPLAY_NAME_LENGTH, USERNAME_PATTERN, Export, User
from accounts.policy import Role
from accounts.selectors import Counts, Relationship
from accounts.services import normalize_username
from puppies.api.pagination import NEXT
from puppies.api.serializers import VISIBLE_PATTERN, IdText, Input, Text

USERNAME_TYPED_LENGTH = 60
PASSWORD_MOST = 256
PREFIX_MOST = 30


@extend_schema_field(
    {"type": "string", "minLength": 3, "maxLength": 30, "pattern": USERNAME_PATTERN.replace("a-z", "A-Za-z")}
)
class UsernameText(Text):
    """Letters, digits and underscores, 3 to 30; kept in lower case."""

    default_error_messages = {"form": "Use 3 to 30 characters: the letters a to z, digits and underscores."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        # Some characters become many when they are normalized.
        name = normalize_username(text) if len(text) <= USERNAME_TYPED_LENGTH else ""
        if not re.fullmatch(USERNAME_PATTERN, name):
            self.fail("form")
        return name


class EmailText(serializers.EmailField):
    """An address in its plain form: what is before the `@` is ASCII, so that no two look the same."""

    default_error_messages = {"invalid": "Enter an e-mail address such as rex@example.org."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        email = super().to_internal_value(data)
        if not email.rpartition("@")[0].isascii():
            self.fail("invalid")
        return str(email)


@extend_schema_field(
    {
        "type": "string",
        "format": "password",
        "minLength": 8,
        "maxLength": PASSWORD_MOST,
        "pattern": VISIBLE_PATTERN,
    }
)
class NewPassword(Text):
    """A password to be; the policy of the settings says what is too weak, too short included."""

    def __init__(self, **options: Any) -> None:
        options.setdefault(
            "help_text", "Every character counts, spaces too. What is easy to guess is refused."
        )
        super().__init__(max_length=PASSWORD_MOST, trim_whitespace=False, **options)


class RegisterInput(Input):
    username = UsernameText(help_text="Kept in lower case.")
    email = EmailText()
    password = NewPassword()


class TokenInput(Input):
    username = Text(max_length=254)
    password = Text(max_length=256, trim_whitespace=False)


class ProfileInput(Input):
    display_name = Text(max_length=DISPLAY_NAME_LENGTH, required=False, allow_blank=True)
    bio = Text(max_length=BIO_LENGTH, required=False, allow_blank=True)


class PrefixInput(Input):
    q = Text(max_length=PREFIX_MOST)


class RelationshipOutput(serializers.Serializer[Any]):
    following = serializers.BooleanField(help_text="The caller follows this account.")
    followed_by = serializers.BooleanField(help_text="This account follows the caller.")
    blocking = serializers.BooleanField(help_text="The caller blocks this account.")
    muting = serializers.BooleanField(help_text="The caller mutes this account.")


class AuthorOutput(serializers.Serializer[Any]):
    id = IdText()
    username = serializers.CharField()
    display_name = serializers.CharField(max_length=DISPLAY_NAME_LENGTH)
    avatar_url = serializers.URLField(allow_null=True)


class UserOutput(AuthorOutput):
    bio = serializers.CharField()
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
    next = serializers.URLField(allow_null=True, help_text=NEXT)
    previous = serializers.URLField(
        allow_null=True,
        help_text="Ask here for what is new since this page. Null in a search, which cannot be polled; else never null.",
    )


class MeOutput(UserOutput):
    email = serializers.EmailField()
    email_verified = serializers.BooleanField(
        help_text="Whether the owner has opened the link that was mailed there; before that no digests are sent."
    )
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


def author_json(user_id: int, username: str, display_name: str) -> dict[str, Any]:
    """An account as `AuthorOutput` describes it: whoever wrote or did something."""
    return {"id": str(user_id), "username": username, "display_name": display_name, "avatar_url": None}


def user_json(user: User, counts: Counts, relationship: Relationship) -> dict[str, Any]:
    """An account as `UserOutput` describes it."""
    return {
        **author_json(user.id, user.username, user.display_name),
        "bio": user.bio,
        "followers_count": counts.followers,
        "following_count": counts.following,
        "posts_count": counts.posts,
        "created_at": user.created_at,
        "viewer": relationship_json(relationship),
    }
