"""Take and refund tokens: in Redis, or in this process while Redis does not answer."""

from collections.abc import Sequence

from redis.exceptions import RedisError

from puppies.limits import metrics, shared
from puppies.limits.buckets import Bucket, Verdict
from puppies.limits.local import LocalBuckets
from puppies.redis_client import Breaker

breaker = Breaker()
local = LocalBuckets()


def take(buckets: Sequence[Bucket]) -> Verdict:
    """Take a token from every bucket, or from none when one is empty; never fails."""
    if breaker.allows():
        try:
            verdict = shared.take(buckets)
        except (RedisError, OSError) as error:
            breaker.failed(error)
        else:
            breaker.succeeded()
            return verdict
    metrics.LOCAL.inc()
    return local.take(buckets)


def refund(buckets: Sequence[Bucket], *, is_local: bool) -> None:
    """Give the tokens back where they were taken; nothing happens when Redis does not answer."""
    if is_local:
        local.refund(buckets)
    elif breaker.allows():
        try:
            shared.refund(buckets)
        except (RedisError, OSError) as error:
            breaker.failed(error)
