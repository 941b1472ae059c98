"""Who is mentioned in a text: `@username`, as usernames are spelled."""

import re

from accounts.services import normalize_username

MOST = 10
# Before the @ stands nothing that belongs to an address or a path; after the name nothing that makes it longer, or an address.
_MENTION = re.compile(r"(?<![\w@/+%=])(?<!\w-)@([A-Za-z0-9_]{3,30})(?![\w@]|\.[\w.]*\w@)")


def usernames_in(text: str) -> list[str]:
    """The usernames mentioned in the text, each once, in the order of their first mention, 10 at most."""
    found = dict.fromkeys(normalize_username(name) for name in _MENTION.findall(text))
    return list(found)[:MOST]
