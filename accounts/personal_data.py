"""What accounts hold of an account."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from social_django.models import UserSocialAuth

from accounts import deletion
from accounts.deletion import erase_rows
from accounts.models import Block, EmailToken, Follow, Mute, RefreshToken, Session, User
from accounts.oidc.identities import identities_of
from puppies.personal_data import Eraser, Section, hold


def account_row(user: User) -> dict[str, Any]:
    """The account as its owner's archive tells it; the password's hash stays here."""
    return {
        "id": str(user.id),
        "username": user.username,
        "email": user.email,
        "email_verified_at": user.email_verified_at,
        "display_name": user.display_name,
        "bio": user.bio,
        "state": user.state,
        "created_at": user.created_at,
    }


def session_row(session: Session) -> dict[str, Any]:
    """A device on which the account signed in."""
    return {
        "id": str(session.id),
        "device": session.device,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
        "revoked_at": session.revoked_at,
    }


def row_of(column: str) -> Callable[[Any], dict[str, Any]]:
    """How a relation is told: the other account, and since when."""

    def present(relation: Any) -> dict[str, Any]:
        other: User = getattr(relation, column)
        return {"id": str(other.id), "username": other.username, "created_at": relation.created_at}

    return present


def identity_row(row: UserSocialAuth) -> dict[str, Any]:
    """Somebody at a provider who may sign in to the account."""
    return {"provider": row.provider, "subject": row.uid, "linked_at": row.created}


hold(
    Section("account", rows=lambda user_id: User.objects.filter(id=user_id), key="id", present=account_row),
    Section("sessions", lambda user_id: Session.objects.filter(user_id=user_id), "id", session_row),
    Section("identities", rows=identities_of, key="id", present=identity_row),
    Section(
        "following",
        rows=lambda user_id: Follow.objects.filter(follower_id=user_id).select_related("followee"),
        key="id",
        present=row_of("followee"),
    ),
    Section(
        "followers",
        rows=lambda user_id: Follow.objects.filter(followee_id=user_id).select_related("follower"),
        key="id",
        present=row_of("follower"),
    ),
    Section(
        "blocks",
        rows=lambda user_id: Block.objects.filter(blocker_id=user_id).select_related("blocked"),
        key="id",
        present=row_of("blocked"),
    ),
    Section(
        "mutes",
        rows=lambda user_id: Mute.objects.filter(muter_id=user_id).select_related("muted"),
        key="id",
        present=row_of("muted"),
    ),
    # Feeds have asked for it before; whoever followed for it meanwhile, in a transaction that had begun earlier, is met here.
    Eraser("accounts.following", lambda user_id: deletion.erase_following(user_id=user_id)),
    Eraser(
        "accounts.blocks",
        lambda user_id: erase_rows(Block.objects.filter(Q(blocker_id=user_id) | Q(blocked_id=user_id))),
    ),
    Eraser(
        "accounts.mutes",
        lambda user_id: erase_rows(Mute.objects.filter(Q(muter_id=user_id) | Q(muted_id=user_id))),
    ),
    Eraser("accounts.email_tokens", lambda user_id: erase_rows(EmailToken.objects.filter(user_id=user_id))),
    Eraser(
        "accounts.refresh_tokens",
        # Through a subquery: a join's other rows would be locked, too.
        lambda user_id: erase_rows(
            RefreshToken.objects.filter(session__in=Session.objects.filter(user_id=user_id))
        ),
    ),
    Eraser("accounts.sessions", lambda user_id: erase_rows(Session.objects.filter(user_id=user_id))),
    Eraser("accounts.identities", lambda user_id: erase_rows(identities_of(user_id))),
    # The last: until it is done, every step before it can be done again.
    Eraser("accounts.user", lambda user_id: deletion.erase_user(user_id=user_id)),
)
