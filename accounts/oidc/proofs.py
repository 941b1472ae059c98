"""The two ways in which a client proves who signed in at the provider. Nothing here touches the database."""

from dataclasses import dataclass

from accounts.oidc.claims import Identity
from accounts.oidc.exchange import exchanged_token
from accounts.oidc.providers import Provider
from accounts.oidc.verifying import verified_identity


@dataclass(frozen=True, slots=True)
class TokenProof:
    """An identity token that the client was given, with the nonce for which it asked for it."""

    id_token: str
    nonce: str


@dataclass(frozen=True, slots=True)
class CodeProof:
    """A code, with the verifier whose hash began the sign-in, and the nonce if the client gave the provider one."""

    code: str
    code_verifier: str
    redirect_uri: str
    nonce: str | None = None


def proven_identity(provider: Provider, proof: TokenProof | CodeProof) -> Identity:
    """Whom the proof is of; may ask the provider, so call it outside transactions.

    Raises IdentityTokenRefused, CodeRefused, RedirectNotAllowed or ProviderUnavailable.
    """
    if isinstance(proof, TokenProof):
        return verified_identity(provider, proof.id_token, nonce=proof.nonce, audience=provider.client_ids)
    raw = exchanged_token(
        provider,
        code=proof.code,
        code_verifier=proof.code_verifier,
        redirect_uri=proof.redirect_uri,
    )
    return verified_identity(provider, raw, nonce=proof.nonce, audience=provider.client_ids[:1])
