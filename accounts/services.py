"""Every write to accounts, sessions and follows."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import audit, counters, mail, selectors
from accounts.events import UserFollowed, UserRegistered, UserUnfollowed
from accounts.models import Block, Follow, User
from accounts.sessions import Grant, open_session
from accounts.usernames import refuse_reserved
from puppies import ledger
from puppies.errors import DomainError, FieldProblem, NotFound
from puppies.events import publish
from puppies.sql import execute


class UsernameTaken(DomainError):
    """Another account has the name, or one that looks the same: `rn` and m, `vv` and w, 0 and o, 1 and l are taken for each other."""

    code = "username_taken"
    status = 409
    title = "This username is taken"


class EmailTaken(DomainError):
    code = "email_taken"
    status = 409
    title = "This e-mail address has an account"


class WeakPassword(DomainError):
    code = "weak_password"
    title = "The password is too easy to guess"


class WrongCredentials(DomainError):
    code = "wrong_credentials"
    status = 401
    title = "Username or password is wrong"


class CannotFollowOneself(DomainError):
    code = "cannot_follow_oneself"
    status = 409
    title = "You cannot follow yourself"


class TooManyFollows(DomainError):
    """One follows as many accounts as anybody may."""

    code = "too_many_follows"
    status = 409
    title = "You follow as many accounts as you may"


_TAKEN: dict[str, type[DomainError]] = {
    "accounts_user_username_key": UsernameTaken,
    "user_username_skeleton": UsernameTaken,
    "user_email_unique": EmailTaken,
}
# Checked when no account matches, so that the time to say no is the same.
_NOBODYS_PASSWORD = make_password("the password of nobody")


def normalize_username(raw: str) -> str:
    """The one spelling under which a username is kept and looked up."""
    return unicodedata.normalize("NFKC", raw).strip().lower()


def register_user(*, username: str, email: str, password: str) -> User:
    """Create an account and ask for a mail that verifies its address.

    Raises UsernameReserved, WeakPassword, UsernameTaken or EmailTaken.
    """
    user = User(username=normalize_username(username), email=email.strip())
    refuse_reserved(user.username)
    refuse_weak_password(password, user)
    user.password = make_password(password)
    with refusing_taken():
        user.save(force_insert=True)
        mail.request_verification(user_id=user.id, email=user.email)
        audit.record(action=audit.SIGNED_UP, actor_id=user.id, subject_id=user.id)
        publish(UserRegistered(user_id=user.id))
    return user


@contextmanager
def refusing_taken() -> Iterator[None]:
    """A transaction that tells a name or an address which another account has as UsernameTaken or EmailTaken."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        taken = _TAKEN.get(getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or "")
        if taken is None:
            raise
        raise taken from error


def refuse_weak_password(password: str, user: User, *, member: str = "password") -> None:
    """Raise WeakPassword for a new password that is easy to guess, also by what is known of its account.

    `member` is what the request calls it.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        rows = [
            FieldProblem(f"/{member}", row.code or "invalid", row.messages[0]) for row in error.error_list
        ]
        raise WeakPassword(errors=tuple(rows)) from error


def authenticate_user(*, username: str, password: str) -> User:
    """The account with this username or e-mail address and password, if it may sign in. Raises WrongCredentials."""
    user = _account_named(username)
    # Both sides of the check cost one hash, so that the time does not tell whether the account exists.
    is_right = check_password(password, user.password if user else _NOBODYS_PASSWORD)
    if user is None or not is_right:
        raise WrongCredentials
    return user


def _account_named(name: str) -> User | None:
    accounts = User.objects.signing_in()
    found: User | None = (
        accounts.with_email(name.strip()).first()
        if "@" in name
        else accounts.filter(username=normalize_username(name)).first()
    )
    return found


def sign_in(*, username: str, password: str, device: str = "") -> Grant:
    """Begin a session for whoever knows the password. Raises WrongCredentials."""
    user = authenticate_user(username=username, password=password)
    return open_session(user=user, device=device, method="password", password_hash=user.password)


@transaction.atomic
def follow_user(*, follower_id: int, followee_id: int) -> bool:
    """Make `follower` follow `followee`; False when it did already.

    Raises CannotFollowOneself, TooManyFollows, or NotFound when one of them blocks the other.
    """
    if follower_id == followee_id:
        raise CannotFollowOneself
    lock_pair(follower_id, followee_id)
    if Block.objects.between(follower_id, followee_id).exists():
        raise NotFound
    follow_id = Follow.objects.add(follower_id=follower_id, followee_id=followee_id)
    if follow_id is None:
        return False
    look = selectors.look_at_follow(follower_id=follower_id, followee_id=followee_id)
    # Follows of one account that begin together do not see each other: to wait in line would cost more than a few too many.
    if look.following >= settings.FOLLOWS_MOST:
        raise TooManyFollows
    _count_follow(follower_id, followee_id, +1)
    publish(UserFollowed(follow_id=follow_id, follower_id=follower_id, followee_id=followee_id))
    if look.waiting >= ledger.LONG:
        add_up = partial(ledger.add_up, counter=counters.FOLLOWERS, subject_id=followee_id)
        transaction.on_commit(add_up, robust=True)
    return True


@transaction.atomic
def unfollow_user(*, follower_id: int, followee_id: int) -> bool:
    """Make `follower` no longer follow `followee`; False when it did not."""
    removed, _ = Follow.objects.filter(follower_id=follower_id, followee_id=followee_id).delete()
    if removed:
        _count_follow(follower_id, followee_id, -1)
        publish(UserUnfollowed(follower_id=follower_id, followee_id=followee_id))
    return bool(removed)


def lock_pair(first_id: int, second_id: int) -> None:
    """Let nobody else decide what these two are to each other until the transaction ends.

    A block and a follow that begin together would each miss the other's row.
    """
    names = {"least": min(first_id, second_id), "most": max(first_id, second_id)}
    execute("SELECT pg_advisory_xact_lock(hashint8extended(%(least)s, %(most)s))", names)


def _count_follow(follower_id: int, followee_id: int, delta: int) -> None:
    ledger.record(counter=counters.FOLLOWERS, subject_id=followee_id, actor_id=follower_id, delta=delta)
    ledger.record(counter=counters.FOLLOWING, subject_id=follower_id, actor_id=follower_id, delta=delta)


def mark_follow_merged(*, follower_id: int, followee_id: int) -> None:
    """Record that the followee's earlier posts are in the follower's stored feed; nothing happens when the follow is gone."""
    Follow.objects.filter(follower_id=follower_id, followee_id=followee_id).update(merged=True)
