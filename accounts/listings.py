"""Reads of lists of accounts, a page at a time."""

import re
from typing import Any

from django.db.models import QuerySet

from accounts.models import Block, Follow, Mute, User, blocked_pair
from puppies.places import Place, page_at

_PREFIX = re.compile(r"[a-z0-9_]{1,30}")

# The order and both conditions are those of the index with the pattern operator class that Django makes beside a unique text column, so
# that a page is read from it in order, whatever the database's collation.
SEARCH = """
SELECT account.* FROM accounts_user AS account
 WHERE account.username LIKE %(pattern)s AND account.username ~>~ %(after)s AND account.state = 'active'
   AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = %(viewer)s AND blocked_id = account.id)
   AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = account.id AND blocked_id = %(viewer)s)
 ORDER BY account.username USING ~<~
 LIMIT %(limit)s
"""

Listed = tuple[int, User]  # the id by which the list is ordered, and the account


def followers(*, user_id: int, viewer_id: int, place: Place) -> list[Listed]:
    """Who follows `user`, of those whom the viewer may see; the newest follow first."""
    follows = Follow.objects.filter(followee_id=user_id).exclude(blocked_pair(viewer_id, "follower_id"))
    return _page(follows, "follower", place)


def following(*, user_id: int, viewer_id: int, place: Place) -> list[Listed]:
    """Whom `user` follows, of those whom the viewer may see; the newest follow first."""
    follows = Follow.objects.filter(follower_id=user_id).exclude(blocked_pair(viewer_id, "followee_id"))
    return _page(follows, "followee", place)


def blocked_by(*, user_id: int, place: Place) -> list[Listed]:
    """Whom `user` blocks; the newest block first."""
    return _page(Block.objects.filter(blocker_id=user_id), "blocked", place)


def muted_by(*, user_id: int, place: Place) -> list[Listed]:
    """Whom `user` mutes, of those whom it may see; the newest mute first."""
    mutes = Mute.objects.filter(muter_id=user_id).exclude(blocked_pair(user_id, "muted_id"))
    return _page(mutes, "muted", place)


def _page(rows: QuerySet[Any], column: str, place: Place) -> list[Listed]:
    rows = rows.filter(**{f"{column}__state": User.State.ACTIVE}).select_related(column)
    return [(row.id, getattr(row, column)) for row in page_at(rows, place)]


def search(*, prefix: str, viewer_id: int, limit: int, after: str = "") -> list[User]:
    """Accounts that the viewer may see whose username begins with `prefix`, in the order of their usernames, from beyond `after`."""
    name = prefix.strip().lower()
    if not _PREFIX.fullmatch(name):
        return []
    pattern = name.replace("_", r"\_") + "%"
    names = {"pattern": pattern, "after": after, "viewer": viewer_id, "limit": limit}
    return list(User.objects.raw(SEARCH, names))
