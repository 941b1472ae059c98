from dataclasses import dataclass
from typing import ClassVar

from puppies.events import Event


@dataclass(frozen=True, slots=True)
class FeedWoken(Event):
    """The reader `user_id` is back: fan-outs write to its stored feed again, which holds nothing yet."""

    name: ClassVar[str] = "feeds.feed_woken.v1"
    user_id: int
