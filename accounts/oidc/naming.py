"""A username and a display name for somebody who comes from a provider and has not chosen any."""

import re
import secrets
import unicodedata
from collections.abc import Iterator

from accounts.models import DISPLAY_NAME_LENGTH
from accounts.usernames import UsernameReserved, refuse_reserved
from puppies.text import is_visible

RELAY = "@privaterelay.appleid.com"
BASE_LENGTH = 20
NAMELESS = "puppy"
# Digits that no letter looks like, and how many of them each further attempt adds.
DIGITS = "2346789"
SUFFIX_LENGTHS = (*[4] * 6, *[8] * 14)


def display_name_of(*names: str) -> str:
    """The first of these names that shows something, as one line that fits; "" when none does."""
    for name in names:
        line = " ".join("".join(filter(_is_kept, name)).split())[:DISPLAY_NAME_LENGTH].strip()
        if is_visible(line):
            return line
    return ""


def usernames_for(*, name: str, email: str) -> Iterator[str]:
    """Usernames to try, the nicest first: the name, else what stands before the `@`, else a puppy; then with digits behind."""
    base = _base(name, email)
    for length in (0, *SUFFIX_LENGTHS):
        digits = "".join(secrets.choice(DIGITS) for _ in range(length))
        username = f"{base}_{digits}" if digits else base
        if _is_free_to_have(username):
            yield username


def _base(name: str, email: str) -> str:
    # A relay address is made of chance, and what follows a plus is its owner's business.
    local = "" if email.lower().endswith(RELAY) else email.partition("@")[0].partition("+")[0]
    spellings = (_spelled(text) for text in (name, local))
    return next((spelling for spelling in spellings if len(spelling) >= 3), NAMELESS)


def _spelled(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "_", plain).strip("_")[:BASE_LENGTH].strip("_")


def _is_free_to_have(username: str) -> bool:
    try:
        refuse_reserved(username)
    except UsernameReserved:
        return False
    return True


def _is_kept(character: str) -> bool:
    # Controls, halves of pairs and what is not assigned; joiners (Cf) hold emoji and scripts together.
    return character.isspace() or unicodedata.category(character) not in {"Cc", "Cs", "Cn", "Co"}
