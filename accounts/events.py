from dataclasses import dataclass
from typing import ClassVar

from puppies.events import Event


@dataclass(frozen=True, slots=True)
class UserFollowed(Event):
    """`follower_id` began to follow `followee_id`."""

    name: ClassVar[str] = "accounts.user_followed.v1"
    follower_id: int
    followee_id: int
