"""Which identity belongs to which account: (provider, subject) names one, an e-mail address never does."""

from dataclasses import dataclass

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Q, QuerySet
from social_django.models import UserSocialAuth

from accounts.models import User
from accounts.oidc.claims import Identity
from puppies.sql import execute

HAS_PASSWORD = ~Q(password="") & ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))"


@dataclass(frozen=True, slots=True)
class WaysIn:
    """How an account may be signed in to."""

    identities: tuple[UserSocialAuth, ...]
    has_password: bool


def lock_identity(*, provider: str, subject: str) -> None:
    """Let nobody else decide whose identity this is until the transaction ends."""
    execute(LOCK, {"name": f"identity {provider} {subject}"})


def row_of(identity: Identity) -> UserSocialAuth | None:
    """The row that gives this identity to an account, with the account; None for a newcomer."""
    rows = UserSocialAuth.objects.select_related("user")
    found: UserSocialAuth | None = rows.filter(provider=identity.provider, uid=identity.subject).first()
    return found


def is_given(identity: Identity, *, user_id: int) -> bool:
    """Whether this identity signs in to the account."""
    found: bool = identities_of(user_id).filter(provider=identity.provider, uid=identity.subject).exists()
    return found


def give_identity(identity: Identity, *, user_id: int) -> None:
    """Let this identity sign in to the account."""
    UserSocialAuth.objects.create(
        user_id=user_id, provider=identity.provider, uid=identity.subject, id_key="sub"
    )


def identities_of(user_id: int) -> QuerySet[UserSocialAuth]:
    """What the account may be signed in to with, the oldest first."""
    rows: QuerySet[UserSocialAuth] = UserSocialAuth.objects.filter(user_id=user_id).order_by("id")
    return rows


def ways_in(*, user_id: int) -> WaysIn:
    """Every way in to the account, in two queries."""
    has_password = User.objects.filter(HAS_PASSWORD, id=user_id).exists()
    return WaysIn(tuple(identities_of(user_id)), has_password)
