from dataclasses import dataclass
from typing import ClassVar

from puppies.events import Event


@dataclass(frozen=True, slots=True)
class PostPublished(Event):
    """`author_id` published `post_id`; it has its feed id."""

    name: ClassVar[str] = "posts.post_published.v1"
    post_id: int
    author_id: int


@dataclass(frozen=True, slots=True)
class PostAwaitsFanOut(Event):
    """`post_id` of `author_id` is published as `pushing`: the stored feeds of the followers lack it."""

    name: ClassVar[str] = "posts.post_awaits_fan_out.v1"
    post_id: int
    author_id: int


@dataclass(frozen=True, slots=True)
class AccountsMentioned(Event):
    """The published `post_id` of `author_id` names accounts in its text; whom is read there."""

    name: ClassVar[str] = "posts.accounts_mentioned.v1"
    post_id: int
    author_id: int


@dataclass(frozen=True, slots=True)
class PostDeleted(Event):
    """`post_id` of `author_id` is deleted for good."""

    name: ClassVar[str] = "posts.post_deleted.v1"
    post_id: int
    author_id: int
