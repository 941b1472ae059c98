"""What each reader should see, kept in plain sets while the real services write: the oracle of the stateful test."""

from dataclasses import dataclass, field
from typing import Any, cast

from django.db import connection
from rest_framework.test import APIRequestFactory, force_authenticate

from feeds.api.views import HomeFeedView
from puppies.ids import MAX_ID
from puppies.viewer import Viewer
from tests.feeds.readers import Reader

Pair = tuple[int, int]

EMPTY = "".join(
    f"DELETE FROM {table};"  # noqa: S608 - names of this module
    for table in (
        "puppies_ledgerentry", "puppies_delivery", "feeds_feedentry", "feeds_feedstate", "feeds_sweep", "posts_post",
        "accounts_follow", "accounts_block", "accounts_mute", "accounts_refreshtoken", "accounts_session", "accounts_auditentry",
        "accounts_user",
    )
)  # fmt: skip


@dataclass
class Walk:
    """A reader on its way down the feed, page by page, while others write."""

    who: int
    limit: int
    throughout: set[int]
    shown: list[int] = field(default_factory=list)
    before: int | None = MAX_ID


@dataclass
class Poll:
    """A reader who has seen a first page and asks for what is newer. `bottom` is where that page ended, 0 at the end of the feed."""

    who: int
    limit: int
    shown: list[int]
    bottom: int
    url: str


@dataclass
class Town:
    """People and posts by small numbers and ids; nothing here asks the database."""

    follows: set[Pair] = field(default_factory=set)
    blocks: set[Pair] = field(default_factory=set)
    mutes: set[Pair] = field(default_factory=set)
    suspended: set[int] = field(default_factory=set)
    authors: dict[int, int] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)
    unseen: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)

    def feed_of(self, who: int) -> list[int]:
        """The oracle: the ids of the posts that this reader should see, newest first."""
        seen = {who} | {whom for follower, whom in self.follows if follower == who}
        seen -= {whom for muter, whom in self.mutes if muter == who} | self.suspended
        seen -= {other for pair in self.blocks if who in pair for other in pair if other != who}
        posts = {post for post, author in self.authors.items() if author in seen}
        return sorted(posts - self.unseen - self.deleted, key=self.places.__getitem__, reverse=True)

    def publish(self, post: int, place: int, who: int) -> None:
        self.authors[post], self.places[post] = who, place


def page_of(reader: Reader, url: str) -> dict[str, Any]:
    """A page of the home feed as its view answers; signing in is proved elsewhere."""
    request = APIRequestFactory().get(url)
    force_authenticate(request, user=cast("Any", Viewer(id=reader.user.id, session_id=reader.session_id)))
    page: dict[str, Any] = HomeFeedView.as_view()(request).data
    return page


def empty_the_database() -> None:
    """Remove what an example wrote."""
    with connection.cursor() as cursor:
        cursor.execute(EMPTY)
