"""Buckets in this process, for the time in which Redis does not answer: each process then counts for itself."""

from collections.abc import Sequence
from threading import Lock
from time import monotonic

from puppies.limits.buckets import MICROSECONDS, TOLERANCE, Bucket, Level, Verdict

MOST_BUCKETS = 50_000


class LocalBuckets:
    """Buckets in memory, bounded in number: when full, sensitive limits refuse strangers and the others let them pass."""

    def __init__(self, *, most: int = MOST_BUCKETS) -> None:
        self._most = most
        self._full_at: dict[bool, dict[str, float]] = {True: {}, False: {}}
        self._lock = Lock()

    def take(self, buckets: Sequence[Bucket]) -> Verdict:
        """Take a token from every bucket, or from none when one is empty."""
        with self._lock:
            now = monotonic() * MICROSECONDS
            lacks = [self._lack(bucket, now) for bucket in buckets]
            pairs = list(zip(buckets, lacks, strict=True))
            is_allowed = all(
                lack + bucket.limit.interval - bucket.limit.capacity <= TOLERANCE for bucket, lack in pairs
            )
            if is_allowed:
                pairs = [(bucket, lack + bucket.limit.interval) for bucket, lack in pairs]
                for bucket, lack in pairs:
                    self._keep(bucket, now + lack)
        levels = tuple(Level(bucket.limit, lack) for bucket, lack in pairs)
        return Verdict(is_allowed=is_allowed, levels=levels, is_local=True)

    def refund(self, buckets: Sequence[Bucket]) -> None:
        """Give back one token to every bucket."""
        with self._lock:
            now = monotonic() * MICROSECONDS
            for bucket in buckets:
                self._keep(bucket, now + self._lack(bucket, now) - bucket.limit.interval)

    def _lack(self, bucket: Bucket, now: float) -> float:
        limit = bucket.limit
        kept = self._full_at[limit.is_sensitive]
        full_at = kept.get(bucket.key)
        if full_at is None and not self._has_room(kept, now):
            return limit.capacity if limit.is_sensitive else 0
        return 0 if full_at is None else max(0, min(full_at - now, limit.capacity))

    def _has_room(self, kept: dict[str, float], now: float) -> bool:
        if len(kept) >= self._most:
            for key in [key for key, full_at in kept.items() if full_at <= now]:
                del kept[key]
        return len(kept) < self._most

    def _keep(self, bucket: Bucket, full_at: float) -> None:
        kept = self._full_at[bucket.limit.is_sensitive]
        if bucket.key in kept or len(kept) < self._most:
            kept[bucket.key] = full_at
