"""Accounts as the API shows them: a page costs the same queries as one account."""

from collections.abc import Collection
from typing import Any

from accounts import selectors
from accounts.api.serializers import user_json
from accounts.models import User


def users_json(users: Collection[User], *, viewer_id: int) -> list[dict[str, Any]]:
    """Each account as `UserOutput` describes it, in two queries for all."""
    ids = [user.id for user in users]
    counts = selectors.counts_of_many(user_ids=ids)
    relationships = selectors.relationships(viewer_id=viewer_id, user_ids=ids)
    return [user_json(user, counts[user.id], relationships[user.id]) for user in users]


def me_json(user: User) -> dict[str, Any]:
    """The caller's own account as `MeOutput` describes it."""
    (profile,) = users_json([user], viewer_id=0)
    roles = [role.value for role in selectors.roles_of(user_id=user.id)]
    return {
        **profile,
        "email": user.email,
        "email_verified": user.email_verified_at is not None,
        "roles": roles,
    }


def user_version(user: User) -> tuple[str, str]:
    """What a PATCH of the profile changes."""
    return user.display_name, user.bio
