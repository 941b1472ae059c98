"""A provider's public keys, remembered by each process and asked for anew at most once a minute, whatever tokens come.

Keys are fresh for an hour, and good for a day while the provider does not answer. A process that has none at all asks again
after ten seconds, so that signing in comes back soon after the provider.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from functools import cache
from math import ceil
from time import monotonic
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from accounts.oidc.fetching import ProviderUnavailable, get_document, unavailable

BY_KIND = {"RSA": "RS256", "EC": "ES256"}
ALGORITHMS = tuple(BY_KIND.values())
KEY_BITS = 2048
BETWEEN_SECONDS = 60.0
RETRY_SECONDS = 10.0
WAIT_SECONDS = 2.0
FRESH_SECONDS = 3_600.0
STALE_SECONDS = 86_400.0

logger = logging.getLogger(__name__)


class KeySet:
    """The keys at one address. Safe to share between threads; `clock` counts seconds."""

    def __init__(self, url: str, *, clock: Callable[[], float] = monotonic) -> None:
        self._url = url
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._ask_at = float("-inf")
        self._failed = False

    def key(self, kid: str | None) -> jwt.PyJWK | None:
        """The signing key of that name, None when the provider has none. Raises ProviderUnavailable when that cannot be told.

        A token need not name its key when the provider has one only (OpenID Connect Core 1.0, 10.1).
        """
        known = self._good_keys()
        if kid in known:
            # Whoever has the key need not wait for somebody else's question.
            if self._age() > FRESH_SECONDS:
                self._refresh(wait_seconds=0)
        elif not self._refresh(wait_seconds=WAIT_SECONDS):
            raise ProviderUnavailable
        found = self._named(kid)
        if found is None and self._failed:
            raise self._away()
        return found

    def _named(self, kid: str | None) -> jwt.PyJWK | None:
        keys = self._good_keys()
        if kid is None:
            return next(iter(keys.values())) if len(keys) == 1 else None
        return keys.get(kid)

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _good_keys(self) -> Mapping[str, jwt.PyJWK]:
        return self._keys if self._age() <= STALE_SECONDS else {}

    def _refresh(self, *, wait_seconds: float) -> bool:
        """Ask if it is time to; False when somebody else is asking, for longer than we wait."""
        if not self._lock.acquire(timeout=wait_seconds):
            return False
        try:
            if self._clock() >= self._ask_at:
                self._fetch()
        finally:
            self._lock.release()
        return True

    def _fetch(self) -> None:
        try:
            keys = signing_keys(get_document(self._url), self._url)
        except ProviderUnavailable:
            self._failed = True
            self._ask_at = self._clock() + (BETWEEN_SECONDS if self._good_keys() else RETRY_SECONDS)
        else:
            self._keys, self._fetched_at, self._failed = keys, self._clock(), False
            self._ask_at = self._fetched_at + BETWEEN_SECONDS

    def _away(self) -> ProviderUnavailable:
        error = ProviderUnavailable()
        error.retry_after = max(1, ceil(self._ask_at - self._clock()))
        return error


@cache
def keys_at(url: str) -> KeySet:
    """The one KeySet of this process for an address."""
    return KeySet(url)


def signing_keys(document: Mapping[str, Any], url: str) -> dict[str, jwt.PyJWK]:
    """The keys of a JWK set (RFC 7517) that we verify with, by `kid`. Raises ProviderUnavailable when there is none."""
    rows = document.get("keys")
    found = [_signing_key(row) for row in rows] if isinstance(rows, list) else []
    keys = {key.key_id: key for key in found if key is not None and key.key_id}
    if not keys:
        raise unavailable(url, "no usable key")
    return keys


def _signing_key(row: Any) -> jwt.PyJWK | None:
    """The key of one row; None for what is no signature key of an algorithm that we allow."""
    if not isinstance(row, dict) or not isinstance(row.get("kid"), str) or row.get("use", "sig") != "sig":
        return None
    algorithm = BY_KIND.get(str(row.get("kty")))
    if algorithm is None or row.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(row, algorithm=algorithm)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError):
        logger.warning("provider_key_not_read")
        return None
    return key if _is_strong(key.key) else None


def _is_strong(key: Any) -> bool:
    """Whether it is a public key of 2048 bits at least, or on the one curve of ES256."""
    if isinstance(key, RSAPublicKey):
        return key.key_size >= KEY_BITS
    return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
