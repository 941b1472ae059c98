from dataclasses import dataclass
from typing import ClassVar

from puppies.events import Event


@dataclass(frozen=True, slots=True)
class UserRegistered(Event):
    """The account `user_id` was made, in whatever way."""

    name: ClassVar[str] = "accounts.user_registered.v1"
    user_id: int


@dataclass(frozen=True, slots=True)
class UserFollowed(Event):
    """`follower_id` began to follow `followee_id`; `follow_id` tells this follow from later ones of the same two."""

    name: ClassVar[str] = "accounts.user_followed.v1"
    follow_id: int
    follower_id: int
    followee_id: int


@dataclass(frozen=True, slots=True)
class UserUnfollowed(Event):
    """`follower_id` no longer follows `followee_id`, by its own wish or because of a block."""

    name: ClassVar[str] = "accounts.user_unfollowed.v1"
    follower_id: int
    followee_id: int


@dataclass(frozen=True, slots=True)
class AccountPurgeStarted(Event):
    """The grace of `user_id` has ended: everything of it is to be erased."""

    name: ClassVar[str] = "accounts.account_purge_started.v1"
    user_id: int


@dataclass(frozen=True, slots=True)
class EmailTokenRequested(Event):
    """A mail with a token was asked for; whether anybody gets it is found out when it is sent."""

    name: ClassVar[str] = "accounts.email_token_requested.v1"
    token_id: int
