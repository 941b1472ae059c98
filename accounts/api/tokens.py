"""Access tokens: RS256 by the ring's newest key, verified without a query, bound to a session by `sid`.

simplejwt's classes, but for what they leave open: the key is looked up by `kid`, one algorithm is allowed, and every claim must be exactly
of the type and value that we write, so that a token is either ours or refused.
"""

from datetime import datetime, timedelta
from time import time
from typing import Any

import jwt
import orjson
from django.conf import settings
from django.utils import timezone
from jwt.utils import base64url_decode
from rest_framework.request import Request
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.tokens import AccessToken

from accounts import keys
from accounts.sessions import Grant
from puppies.ids import parse_id

MOST_CHARACTERS = 4_096
HEADER = {"alg": keys.ALGORITHM, "typ": "JWT"}
# Between the clocks of two hosts, seconds; an expired token gets none.
LEEWAY = 10
NO_STORE = {"Cache-Control": "no-store"}

_jws = jwt.PyJWS(algorithms=[keys.ALGORITHM])


class RingBackend(TokenBackend):
    """Signs with the newest key of the ring and verifies with the one that the token names."""

    def encode(self, payload: dict[str, Any]) -> str:
        key = keys.ring().signing()
        claims = payload | {"iss": settings.TOKEN_ISSUER, "aud": settings.TOKEN_AUDIENCE}
        return jwt.encode(claims, key.private, algorithm=keys.ALGORITHM, headers={"kid": key.kid})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        raw = token if isinstance(token, str) else ""
        key = key_of(raw)
        try:
            payload = orjson.loads(_jws.decode(raw, key.public, algorithms=[keys.ALGORITHM]))
        except (jwt.InvalidTokenError, ValueError) as error:
            raise TokenBackendError("The signature or the form is wrong.") from error
        refuse_odd_claims(payload)
        return dict(payload)


def key_of(raw: str) -> keys.Key:
    """The key that a token's header names; the header must be exactly such as we write. Raises TokenBackendError."""
    encoded = raw.partition(".")[0] if len(raw) <= MOST_CHARACTERS else ""
    try:
        header = orjson.loads(base64url_decode(encoded.encode("ascii")))
    except ValueError as error:
        raise TokenBackendError("The header cannot be read.") from error
    kid = header.pop("kid", None) if isinstance(header, dict) else None
    if header != HEADER or not isinstance(kid, str):
        raise TokenBackendError("The header is not ours.")
    key = keys.ring().by_kid(kid) or keys.ring(at_once=True).by_kid(kid)
    if key is None:
        raise TokenBackendError("The key is not known.")
    return key


def refuse_odd_claims(payload: Any) -> None:
    """Raise TokenBackendError unless every claim is of the type and value that we write, and the time is right."""
    if not isinstance(payload, dict) or not _names_us(payload) or not _is_timely(payload):
        raise TokenBackendError("The claims are not ours, or not good now.")


def _names_us(payload: dict[str, Any]) -> bool:
    texts = [payload.get(claim) for claim in ("sub", "sid", "jti")]
    return (
        payload.get("token_type") == "access"
        and payload.get("iss") == settings.TOKEN_ISSUER
        and payload.get("aud") == settings.TOKEN_AUDIENCE
        and all(isinstance(text, str) and parse_id(text) is not None for text in texts)
    )


def _is_timely(payload: dict[str, Any]) -> bool:
    issued, expires, begins = (payload.get(claim) for claim in ("iat", "exp", "nbf"))
    now = time()
    if type(issued) is not int or type(expires) is not int or ("nbf" in payload and type(begins) is not int):
        return False
    return (
        now < expires <= issued + settings.ACCESS_TOKEN_SECONDS
        and issued <= now + LEEWAY
        and (begins is None or begins <= now + LEEWAY)
    )


class SessionToken(AccessToken):
    """An access token of a session."""

    def get_token_backend(self) -> TokenBackend:
        return _backend


_backend = RingBackend(keys.ALGORITHM)


def access_token(*, user_id: int, session_id: int, token_id: int, issued_at: datetime) -> str:
    """The access token that goes with one refresh token: the same whenever it is asked for, until another key signs."""
    token = SessionToken()
    token.set_iat(at_time=issued_at)
    token.set_exp(from_time=issued_at, lifetime=timedelta(seconds=settings.ACCESS_TOKEN_SECONDS))
    token["sub"], token["sid"], token["jti"] = str(user_id), str(session_id), str(token_id)
    return str(token)


def token_pair(grant: Grant) -> dict[str, Any]:
    """Both tokens of a grant, in the shape clients get."""
    access = access_token(
        user_id=grant.user_id, session_id=grant.session_id, token_id=grant.token_id, issued_at=grant.issued_at
    )
    age = (timezone.now() - grant.issued_at).total_seconds()
    return {
        "access": access,
        "refresh": grant.refresh,
        "token_type": "Bearer",
        "expires_in": settings.ACCESS_TOKEN_SECONDS - max(int(age), 0),
    }


def device_of(request: Request) -> str:
    """What the client calls itself, for the list of sessions."""
    return str(request.headers.get("User-Agent", "")).replace("\x00", "")
