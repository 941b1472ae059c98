"""Giving an account further ways to be signed in to, and taking them away; never the last."""

from django.db import transaction
from django.db.models.functions import Now

from accounts import audit
from accounts.models import Session, User
from accounts.oidc.claims import Identity
from accounts.oidc.identities import give_identity, identities_of, lock_identity, row_of
from accounts.oidc.nonces import use_nonce
from accounts.selectors import session_is_good
from puppies.errors import DomainError, NotFound, Unauthenticated


class IdentityTaken(DomainError):
    """This identity signs in to another account."""

    code = "identity_taken"
    status = 409
    title = "This identity belongs to another account"


class ProviderLinked(DomainError):
    """The account has another identity of this provider: unlink that first."""

    code = "provider_linked"
    status = 409
    title = "Another identity of this provider is linked already"


class LastWayIn(DomainError):
    """Without this identity nobody could sign in any more: choose a password first, by a mailed reset."""

    code = "last_way_in"
    status = 409
    title = "This is the only way to sign in to the account"


@transaction.atomic
def link_identity(identity: Identity, *, user_id: int, session_id: int) -> bool:
    """Let the identity sign in to the account; False when it does already.

    The provider may have been asked for seconds: raises Unauthenticated when the session has ended meanwhile. Else raises NonceReused,
    IdentityTaken or ProviderLinked.
    """
    use_nonce(identity)
    lock_identity(provider=identity.provider, subject=identity.subject)
    _locked_account(user_id, session_id)
    row = row_of(identity)
    if row is not None and row.user_id != user_id:
        raise IdentityTaken
    if row is not None:
        return False
    if identities_of(user_id).filter(provider=identity.provider).exists():
        raise ProviderLinked
    give_identity(identity, user_id=user_id)
    audit.record(
        action=audit.IDENTITY_LINKED, actor_id=user_id, subject_id=user_id, provider=identity.provider
    )
    return True


@transaction.atomic
def unlink_identity(*, user_id: int, session_id: int, provider: str) -> None:
    """Take the provider's identity away and end every other session. Raises NotFound, Unauthenticated or LastWayIn."""
    row = identities_of(user_id).filter(provider=provider).first()
    if row is None:
        raise NotFound
    # A sign-in with it that is under way ends first, so that its session is seen here.
    lock_identity(provider=provider, subject=row.uid)
    user = _locked_account(user_id, session_id)
    if not user.has_usable_password() and not identities_of(user_id).exclude(pk=row.pk).exists():
        raise LastWayIn
    if not identities_of(user_id).filter(pk=row.pk).delete()[0]:
        raise NotFound
    Session.objects.open().filter(user_id=user_id).exclude(id=session_id).update(revoked_at=Now())
    audit.record(action=audit.IDENTITY_UNLINKED, actor_id=user_id, subject_id=user_id, provider=provider)


def unlink_every_identity(*, user_id: int) -> None:
    """Take every identity away, and when there was one end every session. For a transaction that has written the account's row."""
    rows = list(identities_of(user_id))
    if not rows:
        return
    identities_of(user_id).delete()
    Session.objects.open().filter(user_id=user_id).update(revoked_at=Now())
    for row in rows:
        audit.record(
            action=audit.IDENTITY_UNLINKED, actor_id=user_id, subject_id=user_id, provider=row.provider
        )


def _locked_account(user_id: int, session_id: int) -> User:
    """The account, whose ways in nobody else changes until the transaction ends. Raises Unauthenticated unless the session is good."""
    user: User | None = User.objects.active().select_for_update(no_key=True).filter(id=user_id).first()
    # Asked under the lock: a reset that came first has ended the session.
    if user is None or not session_is_good(session_id=session_id, user_id=user_id):
        raise Unauthenticated("The session has ended meanwhile: sign in again.")
    return user
