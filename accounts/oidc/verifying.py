"""From an identity token to the identity that it proves, or to a refusal; whatever the token is made of."""

from collections.abc import Collection
from typing import Any

import jwt
import orjson
from jwt.utils import base64url_decode

from accounts.oidc import claims as rules
from accounts.oidc.claims import Identity, refused
from accounts.oidc.jwks import ALGORITHMS, keys_at
from accounts.oidc.providers import Provider

MOST_CHARACTERS = 8_192
KID_LENGTH = 255
# Keys that a token brings along or points to, and extensions that must be understood (RFC 7515, 4.1.11): none are.
FOREIGN = frozenset({"jwk", "jku", "x5c", "x5u", "crit", "b64"})

_jws = jwt.PyJWS(algorithms=list(ALGORITHMS))


def verified_identity(
    provider: Provider, raw: str, *, nonce: str | None, audience: Collection[str]
) -> Identity:
    """The identity in a token of this provider, made for one of `audience`.

    With `nonce` the token must have that one. Raises IdentityTokenRefused, or ProviderUnavailable when the keys cannot be had.
    """
    claims = _signed_claims(raw, provider)
    rules.refuse_other_issuer(claims, issuers=provider.issuers)
    rules.refuse_other_audience(claims, allowed=audience, parties=provider.client_ids)
    expires_at = rules.refuse_untimely(claims)
    return Identity(
        provider=provider.name,
        subject=rules.subject_of(claims),
        email=rules.verified_email_of(claims),
        name=rules.name_of(claims),
        nonce=rules.nonce_of(claims, expected=nonce),
        expires_at=expires_at,
    )


def _signed_claims(raw: str, provider: Provider) -> dict[str, Any]:
    header = _header(raw)
    key = keys_at(provider.jwks_url).key(header.get("kid"))
    if key is None:
        raise refused("unknown_key", "The token is signed with a key that the provider does not have.")
    if key.algorithm_name != header["alg"]:
        raise refused("algorithm", "The token is signed with another algorithm than its key's.")
    try:
        claims = orjson.loads(_jws.decode(raw, key.key, algorithms=[key.algorithm_name]))
    except (jwt.PyJWTError, ValueError) as error:
        raise refused("signature", "The token's signature or form is wrong.") from error
    if not isinstance(claims, dict):
        raise refused("malformed", "The token claims nothing.")
    return claims


def _header(raw: str) -> dict[str, Any]:
    """The header of what may be a token of ours, read before anybody is asked for keys."""
    if len(raw) > MOST_CHARACTERS:
        raise refused("too_long", "The token is too long.")
    header = _decoded_header(raw)
    if header.get("alg") not in ALGORITHMS:
        raise refused("algorithm", f"The token must be signed with {' or '.join(ALGORITHMS)}.")
    if FOREIGN & set(header) or header.get("typ", "JWT") != "JWT":
        raise refused("header", "The token's header has what no identity token has.")
    kid = header.get("kid", "the only one")
    if not isinstance(kid, str) or not 0 < len(kid) <= KID_LENGTH:
        raise refused("unknown_key", "The token does not name its key.")
    return header


def _decoded_header(raw: str) -> dict[str, Any]:
    try:
        encoded, _, _ = raw.encode("ascii").split(b".")
        header = orjson.loads(base64url_decode(encoded))
    except ValueError as error:
        raise refused("malformed", "That is no identity token.") from error
    if not isinstance(header, dict):
        raise refused("malformed", "That is no identity token.")
    return header
