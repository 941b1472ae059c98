"""Take and refund tokens: in Redis, or in this process while Redis does not answer."""

from collections.abc import Sequence

from redis.exceptions import RedisError

from puppies import redis_client
from puppies.limits import metrics, shared
from puppies.limits.buckets import Bucket, Verdict
from puppies.limits.local import LocalBuckets

local = LocalBuckets()


def take(buckets: Sequence[Bucket]) -> Verdict:
    """Take a token from every bucket, or from none when one is empty; never fails."""
    if redis_client.breaker.allows():
        try:
            verdict = shared.take(buckets)
        except (RedisError, OSError) as error:
            redis_client.breaker.failed(error)
        else:
            redis_client.breaker.succeeded()
            return verdict
    metrics.LOCAL.inc()
    return local.take(buckets)


def refund(buckets: Sequence[Bucket], *, is_local: bool) -> None:
    """Give the tokens back where they were taken; nothing happens when Redis does not answer."""
    if is_local:
        local.refund(buckets)
    elif redis_client.breaker.allows():
        try:
            shared.refund(buckets)
        except (RedisError, OSError) as error:
            redis_client.breaker.failed(error)
        else:
            redis_client.breaker.succeeded()
