"""What an identity token must claim (OpenID Connect Core 1.0, 3.1.3.7), rule by rule."""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from puppies.errors import DomainError, FieldProblem

LEEWAY = 60
LONGEST_LIFE = 86_400
SUBJECT_LENGTH = 255
NONCE_LENGTH = 255
EMAIL_LENGTH = 254

Claims = Mapping[str, Any]


class IdentityTokenRefused(DomainError):
    """The identity token is not one that the provider has just made for us: `errors` says which rule it breaks."""

    code = "invalid_identity_token"
    status = 401
    title = "The identity token is not valid"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for. `nonce` is good until `expires_at`; `email` is verified, and "" when not told."""

    provider: str
    subject: str
    email: str
    name: str
    nonce: str
    expires_at: datetime


def refused(rule: str, detail: str) -> IdentityTokenRefused:
    """The refusal by one rule."""
    return IdentityTokenRefused(detail, errors=(FieldProblem("/id_token", rule, detail),))


def refuse_other_issuer(claims: Claims, *, issuers: Collection[str]) -> None:
    """Raise unless the provider itself issued the token."""
    if claims.get("iss") not in issuers:
        raise refused("issuer", "The token is of another issuer.")


def refuse_other_audience(claims: Claims, *, allowed: Collection[str], parties: Collection[str]) -> None:
    """Raise unless every `aud` is one of `allowed`; with several of them, or when there is one, `azp` must be one of `parties`."""
    audiences = claims.get("aud")
    listed = audiences if isinstance(audiences, list) else [audiences]
    if not listed or not all(isinstance(audience, str) and audience in allowed for audience in listed):
        raise refused("audience", "The token is for another application.")
    if (len(listed) > 1 or "azp" in claims) and claims.get("azp") not in parties:
        raise refused("authorized_party", "The token was given to another application.")


def refuse_untimely(claims: Claims) -> datetime:
    """Raise unless the token is good now; the instant after which it can no longer be."""
    issued, expires, begins = (claims.get(name) for name in ("iat", "exp", "nbf"))
    now = time()
    if type(issued) is not int or type(expires) is not int or ("nbf" in claims and type(begins) is not int):
        raise refused("times", "The token does not tell its times.")
    if expires <= now - LEEWAY:
        raise refused("expired", "The token has expired: sign in again.")
    if issued > now + LEEWAY or (begins is not None and begins > now + LEEWAY):
        raise refused("not_yet_valid", "The token is not valid yet.")
    if not issued < expires <= issued + LONGEST_LIFE:
        raise refused("lifetime", "The token would be good for too long.")
    return datetime.fromtimestamp(expires + LEEWAY, UTC)


def nonce_of(claims: Claims, *, expected: str | None) -> str:
    """The token's nonce, "" when it has none and none is expected. Raises when it has another than `expected`."""
    nonce = claims.get("nonce")
    if nonce is not None and not _is_text(nonce, NONCE_LENGTH):
        raise refused("nonce", "The nonce is not one.")
    if expected is None:
        return str(nonce or "")
    if nonce is None:
        raise refused("nonce_missing", "The token has no nonce: give the provider one.")
    if not hmac.compare_digest(str(nonce).encode(), expected.encode()):
        raise refused("nonce", "The token has another nonce.")
    return str(nonce)


def subject_of(claims: Claims) -> str:
    """The provider's name for the person: ASCII, at most 255 characters."""
    subject = claims.get("sub")
    if not _is_text(subject, SUBJECT_LENGTH) or not str(subject).isascii():
        raise refused("subject", "The token does not tell whose it is.")
    return str(subject)


def verified_email_of(claims: Claims) -> str:
    """The address that the provider has verified, "" when it tells none; Apple writes truth as "true"."""
    email = claims.get("email")
    if email is None:
        return ""
    verified = claims.get("email_verified")
    if verified is not True and verified != "true":
        raise refused("email_unverified", "The provider has not verified the e-mail address.")
    if not _is_text(email, EMAIL_LENGTH) or not _is_plain_address(email):
        raise refused("email", "The token's e-mail address cannot be used.")
    return str(email)


def name_of(claims: Claims) -> str:
    """The person's name, "" when it is not told."""
    name = claims.get("name")
    return name if isinstance(name, str) else ""


def _is_text(value: Any, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= most and value.isprintable()


def _is_plain_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return email.rpartition("@")[0].isascii()
