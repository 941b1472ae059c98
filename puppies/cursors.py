"""Cursors: signed, opaque marks of a place in a list, bound to the list and to whoever reads it.

Written for two of them on every page: one keyed BLAKE2b (RFC 7693) over scope and place, where `django.core.signing` derives a key for
each scope and makes two HMACs of it.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from hashlib import blake2b, sha256
from hmac import compare_digest
from typing import Any

import orjson
from django.conf import settings

from puppies.errors import InvalidCursor

MAX_LENGTH = 8_192
MAC_BYTES = 16


def encode(place: dict[str, Any], *, scope: str) -> str:
    """Sign `place`, of numbers of 64 bits and texts, for one list; `scope` names the list, its filters and its reader.

    Made of characters that a URL may have.
    """
    body = orjson.dumps(place)
    return urlsafe_b64encode(_mac(settings.SECRET_KEY, scope, body) + body).rstrip(b"=").decode()


def decode(cursor: str, *, scope: str) -> dict[str, Any]:
    """The place that `encode` signed for the same scope. Raises InvalidCursor for anything else."""
    if len(cursor) > MAX_LENGTH:
        raise InvalidCursor
    signed = _bytes_of(cursor)
    mac, body = signed[:MAC_BYTES], signed[MAC_BYTES:]
    keys = map(str, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    if not any(compare_digest(mac, _mac(key, scope, body)) for key in keys):
        raise InvalidCursor
    place = orjson.loads(body)
    if not isinstance(place, dict):
        raise InvalidCursor
    return place


def _bytes_of(cursor: str) -> bytes:
    try:
        signed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor from error
    # The decoder passes over what is no base64, and over the spare bits of the last character: each place has one spelling.
    if urlsafe_b64encode(signed).rstrip(b"=").decode() != cursor:
        raise InvalidCursor
    return signed


def _mac(secret: str, scope: str, body: bytes) -> bytes:
    name = scope.encode("utf-8", "surrogatepass")
    # With its length before it no scope can run into the place that follows it.
    text = b"%d:%b%b" % (len(name), name, body)
    return blake2b(text, digest_size=MAC_BYTES, key=_key(secret)).digest()


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return sha256(b"puppies.cursors:" + secret.encode()).digest()
