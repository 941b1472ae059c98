"""Cursors: signed, opaque marks of a place in a list, bound to the list and to whoever reads it."""

from typing import Any

from django.core import signing

from puppies.errors import InvalidCursor

MAX_LENGTH = 8_192


def encode(place: dict[str, Any], *, scope: str) -> str:
    """Sign `place` for one list; `scope` names the list, its filters and its reader."""
    return signing.Signer(salt=f"cursor:{scope}").sign_object(place)


def decode(cursor: str, *, scope: str) -> dict[str, Any]:
    """The place that `encode` signed for the same scope. Raises InvalidCursor for anything else."""
    if len(cursor) > MAX_LENGTH:
        raise InvalidCursor
    try:
        place = signing.Signer(salt=f"cursor:{scope}").unsign_object(cursor)
    except (signing.BadSignature, ValueError) as error:
        raise InvalidCursor from error
    if not isinstance(place, dict):
        raise InvalidCursor
    return place
