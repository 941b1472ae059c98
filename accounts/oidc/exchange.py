"""The authorization code flow with PKCE (RFC 7636): the code is exchanged here, so that the client secret stays here."""

from time import time

import jwt

from accounts.oidc.fetching import Answer, post_form, unavailable
from accounts.oidc.providers import ClientKey, Provider
from puppies.errors import DomainError

SECRET_SECONDS = 300
# What the provider says of a code that is not good, rather than of us (RFC 6749, 5.2).
OF_THE_CODE = frozenset({"invalid_grant", "invalid_request"})


class RedirectNotAllowed(DomainError):
    """Only the addresses that the settings list may be the end of a sign-in."""

    code = "redirect_uri_not_allowed"
    title = "This redirect_uri is not one of this application"


class CodeRefused(DomainError):
    """Unknown, expired, used before, or begun by somebody with another verifier."""

    code = "authorization_code_refused"
    status = 401
    title = "The provider does not accept the authorization code"


def exchanged_token(provider: Provider, *, code: str, code_verifier: str, redirect_uri: str) -> str:
    """The identity token that the provider gives for the code. Raises RedirectNotAllowed, CodeRefused or ProviderUnavailable."""
    if redirect_uri not in provider.redirect_uris:
        raise RedirectNotAllowed
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": code_verifier,
        "redirect_uri": redirect_uri,
        "client_id": provider.client_ids[0],
        **_secret(provider),
    }
    return _identity_token(provider, post_form(provider.token_url, form))


def _identity_token(provider: Provider, answer: Answer) -> str:
    if answer.document.get("error") in OF_THE_CODE and answer.status < 500:
        raise CodeRefused
    token = answer.document.get("id_token")
    if answer.status != 200 or not isinstance(token, str):
        # What is wrong is said in a code of RFC 6749, 5.2; the rest of the answer may hold tokens.
        raise unavailable(provider.token_url, f"status {answer.status}, no identity token")
    return token


def _secret(provider: Provider) -> dict[str, str]:
    key = provider.client_key
    secret = provider.client_secret if key is None else _signed_secret(provider, key)
    return {"client_secret": secret} if secret else {}


def _signed_secret(provider: Provider, key: ClientKey) -> str:
    """Apple's client secret: who we are, signed for the next minutes."""
    now = int(time())
    claims = {
        "iss": key.team_id,
        "sub": provider.client_ids[0],
        "aud": provider.issuers[0],
        "iat": now,
        "exp": now + SECRET_SECONDS,
    }
    return jwt.encode(claims, key.private_key, algorithm="ES256", headers={"kid": key.key_id})
