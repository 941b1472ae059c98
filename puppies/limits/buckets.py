"""What a limit and a bucket are, and the arithmetic that Redis and the process share.

A bucket holds `quantity` tokens and regains one every `seconds / quantity`. It is kept as one number, the instant at which it will be
full again (the generic cell rate algorithm, ITU-T I.371), so that fractions of tokens are never lost.
"""

from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Literal

from puppies.errors import DomainError

MICROSECONDS = 1_000_000
# Rounding must neither give nor take a token.
TOLERANCE = 1.0


@dataclass(frozen=True)
class Limit:
    """At most `quantity` requests in a burst, regained evenly over `seconds`, for each address, user or account.

    `routes` ("POST /v1/posts", "POST /v1/posts/{id}/comments") says which requests count, none means all.
    `per="account"` reads who is meant from `member` of the body.
    """

    name: str
    quantity: int
    seconds: int
    per: Literal["address", "user", "account"]
    routes: tuple[str, ...] = ()
    member: str = ""

    @cached_property
    def interval(self) -> float:
        """Microseconds in which one token is regained."""
        return self.seconds * MICROSECONDS / self.quantity

    @property
    def capacity(self) -> int:
        """Microseconds in which an empty bucket is full again."""
        return self.seconds * MICROSECONDS

    @cached_property
    def policy(self) -> str:
        """The limit as an item of `RateLimit-Policy`."""
        return f'"{self.name}";q={self.quantity};w={self.seconds}'

    @property
    def is_sensitive(self) -> bool:
        """Whether the limit guards something that must not be unlimited, whatever fails."""
        return bool(self.routes)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One limit for one subject: `subject` is an address group, a user's id or the fingerprint of an account's name."""

    limit: Limit
    subject: str

    @property
    def key(self) -> str:
        return f"limit:{self.limit.name}:{self.subject}"


@dataclass(frozen=True)
class Level:
    """A bucket after a request: in `lack` microseconds it is full."""

    limit: Limit
    lack: float

    @property
    def item(self) -> str:
        """The bucket as an item of `RateLimit`."""
        return f'"{self.limit.name}";r={self.remaining};t={self.reset_seconds}'

    @cached_property
    def remaining(self) -> int:
        """Whole tokens left."""
        tokens = int((self.limit.capacity - self.lack + TOLERANCE) // self.limit.interval)
        return max(0, min(tokens, self.limit.quantity))

    @cached_property
    def wait_seconds(self) -> int:
        """Seconds until a token is there, rounded up; 0 when one is."""
        wait = self.lack + self.limit.interval - self.limit.capacity
        return ceil(wait / MICROSECONDS) if wait > TOLERANCE else 0

    @cached_property
    def reset_seconds(self) -> int:
        """Seconds until more can be asked: for an empty bucket until its next token, else until it is full."""
        return self.wait_seconds if self.remaining == 0 else ceil(self.lack / MICROSECONDS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass and how full its buckets are then; `is_local` when this process alone counted."""

    is_allowed: bool
    levels: tuple[Level, ...]
    is_local: bool = False

    @property
    def tightest(self) -> Level:
        """The bucket that will refuse first."""
        return min(self.levels, key=lambda level: (-level.wait_seconds, level.remaining))


class RateLimited(DomainError):
    """Too many requests for now; `Retry-After` says when the next one can pass."""

    code = "rate_limited"
    status = 429
    title = "Too many requests"

    def __init__(self, level: Level) -> None:
        limit = level.limit
        wait = max(1, level.wait_seconds)
        super().__init__(
            f"The limit {limit.name} allows {limit.quantity} requests in {limit.seconds} seconds; "
            f"try again in {wait} s."
        )
        self.retry_after = wait
