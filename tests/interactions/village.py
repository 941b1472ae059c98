"""What each count should be, kept in plain sets while the real services write: the oracle of the stateful test."""

from dataclasses import dataclass, field

from django.db import connection

from tests.feeds.town import EMPTY

Pair = tuple[int, int]

OWN = "".join(
    f"DELETE FROM interactions_{table};"  # noqa: S608 - names of this module
    for table in ("like", "comment", "notification", "notificationgroup", "notificationinbox", "recountround")
)


@dataclass
class Village:
    """People and posts by small numbers and ids; nothing here asks the database."""

    authors: dict[int, int] = field(default_factory=dict)
    likes: set[Pair] = field(default_factory=set)
    comments: dict[int, Pair] = field(default_factory=dict)
    follows: set[Pair] = field(default_factory=set)
    blocks: set[Pair] = field(default_factory=set)
    suspended: set[int] = field(default_factory=set)
    erased: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)

    def may_see(self, who: int, post: int) -> bool:
        """Whether this person sees the post."""
        author = self.authors[post]
        is_there = post not in self.deleted and author not in self.suspended | self.erased
        return is_there and (who, author) not in self.blocks and (author, who) not in self.blocks

    def likes_of(self, post: int) -> int:
        return sum(liked == post for _, liked in self.likes)

    def comments_of(self, post: int) -> int:
        return sum(on == post for comment, (_, on) in self.comments.items() if comment not in self.hidden)

    def counts_of(self, who: int) -> tuple[int, int, int]:
        """Followers, following, posts."""
        posts = sum(author == who for post, author in self.authors.items() if post not in self.deleted)
        followers = sum(followee == who for _, followee in self.follows)
        return followers, sum(follower == who for follower, _ in self.follows), posts

    def erase(self, who: int) -> None:
        """Everything that this person did, and what others did with it, is gone."""
        own = {post for post, author in self.authors.items() if author == who}
        self.erased |= {who}
        self.authors = {post: author for post, author in self.authors.items() if author != who}
        self.likes = {(liker, post) for liker, post in self.likes if liker != who and post not in own}
        self.comments = {
            comment: (writer, post)
            for comment, (writer, post) in self.comments.items()
            if writer != who and post not in own
        }
        self.follows = {pair for pair in self.follows if who not in pair}
        self.blocks = {pair for pair in self.blocks if who not in pair}


def empty_the_database() -> None:
    """Remove what an example wrote."""
    with connection.cursor() as cursor:
        cursor.execute(OWN + EMPTY)
