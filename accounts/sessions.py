"""Sessions: one for each sign-in, continued by refresh tokens that are good once, ended at once by whoever may.

A refresh token is 256 random bits, kept as its SHA-256. Of any number of requests that present one token, one conditional UPDATE
decides which makes the successor. The successor's value is an HMAC of the presented value under a random salt that is kept with
it. So whoever presents the same token again within `REFRESH_RETRY_SECONDS`, before the successor was used, is told the very same
successor: a lost answer costs nothing, and parallel requests get one pair. Any other reuse is a theft by somebody: the session ends.
Source of the rule: RFC 9700 (OAuth 2.0 Security Best Current Practice), 4.14.2.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts import audit
from accounts.deletion import cancel_deletion
from accounts.models import RefreshToken, Session, User
from puppies.errors import DomainError, NotFound, Unauthenticated
from puppies.places import Place, page_at

SECRET_BYTES = 32
DEVICE_LENGTH = 200
BATCH = 500


class InvalidRefreshToken(DomainError):
    """Unknown, expired, or of a session that has ended."""

    code = "invalid_refresh_token"
    status = 401
    title = "The refresh token is not valid: sign in again"


class RefreshTokenReused(DomainError):
    """The token had been used before: somebody else may have it, so its session has been ended."""

    code = "refresh_token_reused"
    status = 401
    title = "The refresh token had been used: its session has ended, sign in again"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client is given: a session's newest refresh token (told here and never kept) and since when it is good."""

    session_id: int
    user_id: int
    token_id: int
    refresh: str
    issued_at: datetime


ROTATE = """
UPDATE accounts_refreshtoken AS token
   SET used_at = statement_timestamp(), salt = %(salt)s, successor_id = puppies_next_id()
  FROM accounts_session AS session JOIN accounts_user AS account ON account.id = session.user_id
 WHERE token.digest = %(digest)s AND token.used_at IS NULL AND session.id = token.session_id
   AND session.revoked_at IS NULL AND session.expires_at > statement_timestamp() AND account.state = 'active'
RETURNING token.id, token.session_id, session.user_id, token.successor_id, token.used_at
"""
LOOK = """
SELECT token.session_id, session.user_id, token.successor_id, token.used_at, token.salt,
       token.used_at > statement_timestamp() - make_interval(secs => %(retry)s),
       session.revoked_at IS NULL AND session.expires_at > statement_timestamp() AND account.state = 'active'
  FROM accounts_refreshtoken AS token
  JOIN accounts_session AS session ON session.id = token.session_id
  JOIN accounts_user AS account ON account.id = session.user_id
 WHERE token.digest = %(digest)s
"""
LOCK_ACCOUNT = "SELECT state, password FROM accounts_user WHERE id = %s FOR SHARE"


@transaction.atomic
def open_session(
    *, user: User, device: str = "", method: str = "", password_hash: str | None = None
) -> Grant:
    """Begin a session for one device of an account, and bring an account back that is to be deleted.

    `method` says in the audit how its owner was known. With `password_hash`, only if the account still has it: a change of the password
    at the same moment ends either this session or this call. Raises Unauthenticated.
    """
    if user.state == User.State.DELETING:
        cancel_deletion(user_id=user.id)
    with connection.cursor() as cursor:
        cursor.execute(LOCK_ACCOUNT, [user.id])
        row = cursor.fetchone()
    if row is None or row[0] != User.State.ACTIVE or password_hash not in {None, row[1]}:
        raise Unauthenticated("The account has changed meanwhile: sign in again.")
    expires_at = timezone.now() + timedelta(days=settings.SESSION_DAYS)
    session = Session.objects.create(user_id=user.id, device=device[:DEVICE_LENGTH], expires_at=expires_at)
    refresh = _encoded(secrets.token_bytes(SECRET_BYTES))
    token = RefreshToken.objects.create(session=session, digest=_digest(refresh))
    audit.record(
        action=audit.SIGNED_IN, actor_id=user.id, subject_id=user.id, session=str(session.id), method=method
    )
    return Grant(session.id, user.id, token.id, refresh, token.issued_at)


def refresh_session(*, refresh: str) -> Grant:
    """Continue a session: the successor of its newest refresh token. Raises InvalidRefreshToken or RefreshTokenReused."""
    with transaction.atomic():
        outcome = _rotated(refresh) or _repeated(refresh)
    # Raised after the commit: what a theft has ended stays ended.
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def _rotated(refresh: str) -> Grant | None:
    """Use the token and make its successor; None when it is not there, not good any more, or used already."""
    salt = secrets.token_bytes(SECRET_BYTES)
    with connection.cursor() as cursor:
        cursor.execute(ROTATE, {"digest": _digest(refresh), "salt": salt})
        row = cursor.fetchone()
    if row is None:
        return None
    token_id, session_id, user_id, successor_id, used_at = row
    successor = _successor(refresh, salt)
    RefreshToken.objects.create(
        id=successor_id, session_id=session_id, digest=_digest(successor), issued_at=used_at
    )
    # Its client has this token, so nobody needs to be told the way to it again.
    salted = RefreshToken.objects.filter(session_id=session_id, salt__isnull=False).exclude(id=token_id)
    salted.update(salt=None)
    Session.objects.filter(id=session_id).update(last_used_at=used_at)
    return Grant(session_id, user_id, successor_id, successor, used_at)


def _repeated(refresh: str) -> Grant | DomainError:
    """The same successor again for a retry; otherwise what is wrong, and a reused token's session is ended."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK, {"digest": _digest(refresh), "retry": settings.REFRESH_RETRY_SECONDS})
        row = cursor.fetchone()
    if row is None:
        return InvalidRefreshToken()
    session_id, user_id, successor_id, used_at, salt, is_retry, is_open = row
    if not is_open or used_at is None:
        return InvalidRefreshToken()
    if is_retry and salt is not None:
        return Grant(session_id, user_id, successor_id, _successor(refresh, bytes(salt)), used_at)
    if not Session.objects.open().filter(id=session_id).update(revoked_at=Now()):
        return InvalidRefreshToken()  # another request has just ended it
    audit.record(action=audit.REFRESH_REUSED, actor_id=None, subject_id=user_id, session=str(session_id))
    return RefreshTokenReused()


def revoke_refresh_token(*, refresh: str) -> None:
    """End the session of a refresh token, used or not; an unknown one is ignored (RFC 7009, 2.2)."""
    found = RefreshToken.objects.filter(digest=_digest(refresh)).values_list("session_id", "session__user_id")
    for session_id, user_id in found:
        _end(session_id=session_id, user_id=user_id)


def end_session(*, session_id: int, user_id: int) -> None:
    """End one open session of the account: its tokens are refused from the next request on. Raises NotFound."""
    if not _end(session_id=session_id, user_id=user_id):
        raise NotFound


@transaction.atomic
def _end(*, session_id: int, user_id: int) -> bool:
    ended = Session.objects.open().filter(id=session_id, user_id=user_id).update(revoked_at=Now())
    if ended:
        audit.record(
            action=audit.SESSION_ENDED, actor_id=user_id, subject_id=user_id, session=str(session_id)
        )
    return bool(ended)


def open_sessions(*, user_id: int, place: Place) -> list[Session]:
    """Open sessions, newest first; oldest first when looking upward."""
    return list(page_at(Session.objects.open().filter(user_id=user_id), place))


def remove_ended_sessions() -> int:
    """Remove sessions that ended `CREDENTIALS_KEEP_DAYS` ago, with their tokens, a batch a transaction; how many."""
    until = timezone.now() - timedelta(days=settings.CREDENTIALS_KEEP_DAYS)
    removed = 0
    while batch := list(Session.objects.ended_before(until).values_list("id", flat=True)[:BATCH]):
        with transaction.atomic():
            RefreshToken.objects.filter(session_id__in=batch).delete()
            removed += Session.objects.filter(id__in=batch).delete()[0]
    return removed


def _successor(refresh: str, salt: bytes) -> str:
    return _encoded(hmac.digest(refresh.encode(), salt, hashlib.sha256))


def _digest(refresh: str) -> bytes:
    return hashlib.sha256(refresh.encode()).digest()


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
