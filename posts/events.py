from dataclasses import dataclass
from typing import ClassVar

from puppies.events import Event


@dataclass(frozen=True, slots=True)
class PostPublished(Event):
    """`author_id` published `post_id`; it has its feed id."""

    name: ClassVar[str] = "posts.post_published.v1"
    post_id: int
    author_id: int
