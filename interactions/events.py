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
