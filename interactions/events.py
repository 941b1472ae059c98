from dataclasses import dataclass
from typing import ClassVar

from puppies.events import Event


@dataclass(frozen=True, slots=True)
class CommentPublished(Event):
    """`author_id` published `comment_id` on `post_id`; what it answers is in its row."""

    name: ClassVar[str] = "interactions.comment_published.v1"
    comment_id: int
    post_id: int
    author_id: int


@dataclass(frozen=True, slots=True)
class DigestDue(Event):
    """A digest of what stands above the place `after`, up to `up_to`, is to be mailed to `user_id`."""

    name: ClassVar[str] = "interactions.digest_due.v1"
    user_id: int
    after: int
    up_to: int
