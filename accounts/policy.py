"""Who may do what: the one table that the API, the admin and the services ask. What is not in it is denied to everybody."""

from collections.abc import Collection
from enum import StrEnum


class Role(StrEnum):
    """What an account is trusted with; each role includes the ones before it. They are the names of Django's groups."""

    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"


RANK = {role: rank for rank, role in enumerate(Role)}


class Action(StrEnum):
    """What is asked about."""

    READ_PUBLIC = "read what is public"
    TAKE_PART = "act as an account of one's own"
    INSPECT = "look at accounts, posts, comments and figures in the admin"
    SUSPEND = "suspend and restore accounts"
    MODERATE = "remove and restore comments"
    OPERATE = "look at deliveries and the audit in the admin"
    GRANT_ROLE = "change the role of another account"


ANYBODY: tuple[Role, ...] = ()
LEAST_ROLE: dict[Action, Role | None] = {
    Action.READ_PUBLIC: None,
    Action.TAKE_PART: Role.USER,
    Action.INSPECT: Role.MODERATOR,
    Action.SUSPEND: Role.MODERATOR,
    Action.MODERATE: Role.MODERATOR,
    Action.OPERATE: Role.ADMIN,
    Action.GRANT_ROLE: Role.ADMIN,
}

# What Django's admin asks by the names of permissions.
PERMISSIONS = {
    "accounts.view_user": Action.INSPECT,
    "accounts.suspend_user": Action.SUSPEND,
    "posts.view_post": Action.INSPECT,
    "config.view_dailyfigures": Action.INSPECT,
    "interactions.view_comment": Action.INSPECT,
    "interactions.moderate_comment": Action.MODERATE,
    "puppies.view_delivery": Action.OPERATE,
    "accounts.view_auditentry": Action.OPERATE,
    "social_django.view_usersocialauth": Action.OPERATE,
}


def may(roles: Collection[Role], action: Action) -> bool:
    """Whether somebody with these roles may do this; nobody signed in has none."""
    if action not in LEAST_ROLE:
        return False
    least = LEAST_ROLE[action]
    return least is None or least in roles


def including(role: Role) -> tuple[Role, ...]:
    """The role and all that it includes, the least first."""
    return tuple(other for other in Role if RANK[other] <= RANK[role])


def outranks(roles: Collection[Role], others: Collection[Role]) -> bool:
    """Whether the highest of `roles` is above the highest of `others`: only then may one act upon the other."""
    return _rank(roles) > _rank(others)


def permissions_of(roles: Collection[Role]) -> set[str]:
    """The names of the admin's permissions that these roles give."""
    return {name for name, action in PERMISSIONS.items() if may(roles, action)}


def _rank(roles: Collection[Role]) -> int:
    return max((RANK[role] for role in roles), default=-1)
