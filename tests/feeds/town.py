"""What each reader should see, kept in plain sets while the real services write: the oracle of the stateful test."""

from dataclasses import dataclass, field

from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.api.tokens import access_token
from puppies.ids import MAX_ID
from tests.feeds.readers import Reader

Pair = tuple[int, int]

EMPTY = "".join(
    f"DELETE FROM {table};"  # noqa: S608 - names of this module
    for table in (
        "puppies_ledgerentry", "puppies_delivery", "feeds_feedentry", "feeds_feedstate", "feeds_sweep", "posts_post",
        "accounts_follow", "accounts_block", "accounts_mute", "accounts_refreshtoken", "accounts_session", "accounts_auditentry", "accounts_user",
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


def client_of(reader: Reader) -> APIClient:
    """A client that is signed in as the reader."""
    client = APIClient()
    token = access_token(
        user_id=reader.user.id, session_id=reader.session_id, token_id=1, issued_at=timezone.now()
    )
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def empty_the_database() -> None:
    """Remove what an example wrote."""
    with connection.cursor() as cursor:
        cursor.execute(EMPTY)
