"""Nonces are good once: the row of the one that was used commits with what it was used for."""

import hashlib

from django.db import transaction
from django.utils import timezone

from accounts.models import UsedNonce
from accounts.oidc.claims import Identity
from puppies.errors import DomainError
from puppies.sql import execute

BATCH = 1_000
USE = """
INSERT INTO accounts_usednonce (digest, expires_at) VALUES (%(digest)s, %(expires_at)s) ON CONFLICT (digest) DO NOTHING
"""


class NonceReused(DomainError):
    """The identity token has been used before: each is good once."""

    code = "nonce_reused"
    status = 401
    title = "The identity token has been used before: sign in at the provider again"


def use_nonce(identity: Identity) -> None:
    """Use the token's nonce up, if it has one, in the caller's transaction.

    Of two at once the second waits for the first, and goes on only if that one failed. Raises NonceReused.
    """
    if not identity.nonce:
        return
    digest = hashlib.sha256(f"{identity.provider} {identity.nonce}".encode()).digest()
    if not execute(USE, {"digest": digest, "expires_at": identity.expires_at}):
        raise NonceReused


def remove_expired_nonces() -> int:
    """Remove the nonces whose tokens nobody accepts any more, a batch a transaction; how many."""
    expired = UsedNonce.objects.filter(expires_at__lt=timezone.now())
    removed = 0
    while batch := list(expired.values_list("digest", flat=True)[:BATCH]):
        with transaction.atomic():
            removed += UsedNonce.objects.filter(digest__in=batch).delete()[0]
    return removed
