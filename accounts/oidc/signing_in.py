"""Signing in with a proven identity; the first time makes an account."""

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.events import UserRegistered
from accounts.models import User
from accounts.oidc.claims import Identity
from accounts.oidc.identities import give_identity, is_given, lock_identity, row_of
from accounts.oidc.naming import display_name_of, usernames_for
from accounts.oidc.nonces import use_nonce
from accounts.services import EmailTaken, UsernameTaken, refusing_taken
from accounts.sessions import Grant, open_session
from puppies.errors import DomainError, Unauthenticated, Unavailable
from puppies.events import publish


class LinkRequired(DomainError):
    """An account has this address. Sign in to it in its own way, then link the identity: the same proof is still good."""

    code = "link_required"
    status = 409
    title = "An account has this e-mail address: sign in to it and link the identity"


class EmailMissing(DomainError):
    """A new account needs an address: ask the provider for the scope `email`."""

    code = "email_missing"
    status = 401
    title = "The provider did not tell an e-mail address, which a new account needs"


class SignInRefused(DomainError):
    """The account of this identity is suspended, or being erased."""

    code = "account_not_active"
    status = 401
    title = "The account of this identity cannot be signed in to"


@transaction.atomic
def sign_in_with(identity: Identity, *, name: str = "", device: str = "") -> tuple[Grant, bool]:
    """Begin a session for whose identity this is; True with it when its account is new.

    `name` is what a new account is called if the provider tells none. Raises NonceReused, LinkRequired, EmailMissing, SignInRefused
    or Unauthenticated, and then the proof may be used again.
    """
    use_nonce(identity)
    lock_identity(provider=identity.provider, subject=identity.subject)
    row = row_of(identity)
    user: User = row.user if row else _new_account(identity, name)
    if user.state not in {User.State.ACTIVE, User.State.DELETING}:
        raise SignInRefused
    grant = open_session(user=user, device=device, method=identity.provider)
    # Opening the session has waited for a reset of the password, which takes identities away.
    if row is not None and not is_given(identity, user_id=user.id):
        raise Unauthenticated("The account has changed meanwhile: sign in again.")
    return grant, row is None


def _new_account(identity: Identity, name: str) -> User:
    if not identity.email:
        raise EmailMissing
    if User.objects.with_email(identity.email).exists():
        raise LinkRequired
    try:
        user = _saved(identity, display_name_of(identity.name, name))
    except EmailTaken as error:
        raise LinkRequired from error
    give_identity(identity, user_id=user.id)
    audit.record(action=audit.SIGNED_UP, actor_id=user.id, subject_id=user.id, method=identity.provider)
    publish(UserRegistered(user_id=user.id))
    return user


def _saved(identity: Identity, display_name: str) -> User:
    """The row of a new account under the first username that nobody has. Raises EmailTaken, Unavailable."""
    for username in usernames_for(name=display_name, email=identity.email):
        user = User(
            username=username,
            email=identity.email,
            email_verified_at=timezone.now(),
            display_name=display_name,
            password=make_password(None),
        )
        try:
            with refusing_taken():
                user.save(force_insert=True)
        except UsernameTaken:
            continue
        return user
    raise Unavailable
