"""The ring of keys that sign access tokens: a directory of RSA keys, one PEM file each, shared by every process.

A file is called after its key: `<instant from which it signs>-<start of its thumbprint>.pem`; the name without its ending is the `kid`.
The newest key whose instant has come signs. A key that was superseded verifies until the last token that it can have signed has
expired. Processes look at the directory once a second, and at once for a `kid` that they do not know.
"""

import fcntl
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from jwt.algorithms import RSAAlgorithm

ALGORITHM = "RS256"
KEY_BITS = 2048
LOOK_SECONDS = 1.0
# Between hosts' clocks; what is refused a little too late is refused all the same.
SKEW = timedelta(seconds=60)

_NAME = re.compile(r"(\d{8}T\d{12}Z)-[0-9a-f]{8}")
_INSTANT = "%Y%m%dT%H%M%S%fZ"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """One signing key; it signs from `signs_from` on."""

    kid: str
    signs_from: datetime
    private: RSAPrivateKey
    public: RSAPublicKey

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half, as RFC 7517 writes it."""
        public: dict[str, Any] = RSAAlgorithm.to_jwk(self.public, as_dict=True)
        return {
            "kid": self.kid,
            "use": "sig",
            "alg": ALGORITHM,
            "kty": "RSA",
            "n": public["n"],
            "e": public["e"],
        }


@dataclass(frozen=True, slots=True, eq=False)
class KeyRing:
    """Every key of the directory at one moment, oldest first."""

    keys: tuple[Key, ...]

    def signing(self) -> Key:
        """The key that signs now; before the first key's instant, the first."""
        now = datetime.now(UTC)
        return next((key for key in reversed(self.keys) if key.signs_from <= now), self.keys[0])

    def verifying(self) -> tuple[Key, ...]:
        """The keys whose tokens are good now; those that will sign later are among them, so that others can learn them early."""
        least = datetime.now(UTC) - timedelta(seconds=settings.ACCESS_TOKEN_SECONDS) - SKEW
        successors = [key.signs_from for key in self.keys[1:]]
        return tuple(
            key
            for key, superseded in zip(self.keys, [*successors, None], strict=True)
            if superseded is None or superseded > least
        )

    def by_kid(self, kid: str) -> Key | None:
        """The verifying key of that name."""
        return next((key for key in self.verifying() if key.kid == kid), None)


class KeyDirectory:
    """The ring that lies in a directory, looked at again as time passes. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ring: KeyRing | None = None
        self._names: list[str] = []
        self._look_at = 0.0
        self._lock = threading.Lock()

    def ring(self, *, at_once: bool = False) -> KeyRing:
        """The ring as it was at most a second ago, or as it is now.

        A directory that cannot be read leaves the ring as it was. Raises ImproperlyConfigured when there never was one.
        """
        ring = self._ring
        if ring is not None and not at_once and monotonic() < self._look_at:
            return ring
        with self._lock:
            self._look_at = monotonic() + LOOK_SECONDS
            try:
                return self._read()
            except (OSError, ValueError, ImproperlyConfigured) as error:
                if self._ring is None:
                    raise ImproperlyConfigured(f"The keys in {self.path} cannot be read: {error}") from error
                logger.error("keys_not_read error=%s", error)  # noqa: TRY400
                return self._ring

    def _read(self) -> KeyRing:
        names = key_names(self.path)
        if not names and settings.ENVIRONMENT != "production":
            create_first_key(self.path)
            names = key_names(self.path)
        if not names:
            raise ImproperlyConfigured("there are none. Type `python manage.py rotate_keys`.")
        if self._ring is None or names != self._names:
            self._ring, self._names = KeyRing(tuple(load_key(self.path, name) for name in names)), names
        return self._ring


@cache
def directory_at(path: str) -> KeyDirectory:
    """The one KeyDirectory of this process for a path."""
    return KeyDirectory(Path(path))


def ring(*, at_once: bool = False) -> KeyRing:
    """The ring in `JWT_KEYS_DIR`."""
    return directory_at(str(settings.JWT_KEYS_DIR)).ring(at_once=at_once)


def key_names(path: Path) -> list[str]:
    """The names of the keys in a directory, oldest first; nothing when there is no such directory."""
    if not path.is_dir():
        return []
    return sorted(file.stem for file in path.glob("*.pem") if _NAME.fullmatch(file.stem))


def load_key(path: Path, name: str) -> Key:
    """The key of that name. Raises ValueError when the file holds no RSA key of at least 2048 bits."""
    private = load_pem_private_key((path / f"{name}.pem").read_bytes(), password=None)
    if not isinstance(private, RSAPrivateKey) or private.key_size < KEY_BITS:
        raise ValueError(f"{name}.pem holds no RSA key of at least {KEY_BITS} bits.")
    return Key(kid=name, signs_from=_instant(name), private=private, public=private.public_key())


def create_first_key(path: Path) -> str | None:
    """Make a key if there is none yet, however many processes ask at once; its name, or None when there was one."""
    with locked(path):
        return None if key_names(path) else write_key(path, signs_from=datetime.now(UTC))


def rotate(path: Path, *, announce: timedelta = timedelta()) -> tuple[str, list[str]]:
    """Make a key that signs after `announce`, and remove those that verify nothing any more. The new name, the removed names."""
    with locked(path):
        made = write_key(path, signs_from=datetime.now(UTC) + announce)
        return made, _remove(path, keep=_verifying_names(path))


def replace_all(path: Path) -> tuple[str, list[str]]:
    """After a theft: make a key and remove all others at once. Every access token is refused; refreshing gives good ones."""
    with locked(path):
        made = write_key(path, signs_from=datetime.now(UTC))
        return made, _remove(path, keep={made})


def write_key(path: Path, *, signs_from: datetime) -> str:
    """Generate a key into the directory, complete from the moment it has its name, readable to its owner alone."""
    private = generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    thumbprint = Hash(SHA256())
    thumbprint.update(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    name = f"{signs_from:{_INSTANT}}-{thumbprint.finalize().hex()[:8]}"
    draft = path / f".{name}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path / f"{name}.pem")
    return name


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Be alone in changing the directory, which is made when it is missing."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _instant(name: str) -> datetime:
    return datetime.strptime(name.split("-", maxsplit=1)[0], _INSTANT).replace(tzinfo=UTC)


def _verifying_names(path: Path) -> set[str]:
    return {key.kid for key in KeyRing(tuple(load_key(path, name) for name in key_names(path))).verifying()}


def _remove(path: Path, *, keep: set[str]) -> list[str]:
    removed = [name for name in key_names(path) if name not in keep]
    for name in removed:
        (path / f"{name}.pem").unlink()
    return removed
