"""Buckets in Redis: one script for all buckets of a request, by Redis' own clock, all or nothing."""

from collections.abc import Sequence
from hashlib import sha1

from django.conf import settings
from redis.exceptions import NoScriptError

from puppies.limits.buckets import Bucket, Level, Verdict
from puppies.redis_client import ask

# KEYS: the buckets. ARGV: for each its capacity and interval in microseconds. Lua prints long numbers short, hence the format.
_HEAD = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local function lack_of(place)
  local full = tonumber(redis.call('GET', KEYS[place]) or now)
  return math.max(0, math.min(full - now, tonumber(ARGV[2 * place - 1])))
end
local function keep(place, lack)
  if lack <= 0 then redis.call('DEL', KEYS[place]) return end
  redis.call('SET', KEYS[place], string.format('%.3f', now + lack), 'PX', math.ceil(lack / 1000))
end
"""
TAKE = (
    _HEAD
    + """
local answer = {1}
for place = 1, #KEYS do
  local lack = lack_of(place)
  answer[place + 1] = lack
  if lack + ARGV[2 * place] - ARGV[2 * place - 1] > 1 then answer[1] = 0 end
end
if answer[1] == 1 then
  for place = 1, #KEYS do
    answer[place + 1] = answer[place + 1] + ARGV[2 * place]
    keep(place, answer[place + 1])
  end
end
return answer
"""
)
REFUND = (
    _HEAD
    + """
for place = 1, #KEYS do
  keep(place, lack_of(place) - ARGV[2 * place])
end
return {1}
"""
)
_SHA = {script: sha1(script.encode(), usedforsecurity=False).hexdigest() for script in (TAKE, REFUND)}


def take(buckets: Sequence[Bucket]) -> Verdict:
    """Take a token from every bucket, or from none when one is empty. Raises redis.RedisError when Redis does not answer."""
    allowed, *lacks = _run(TAKE, buckets)
    levels = [Level(bucket.limit, lack) for bucket, lack in zip(buckets, lacks, strict=True)]
    return Verdict(is_allowed=bool(allowed), levels=tuple(levels))


def refund(buckets: Sequence[Bucket]) -> None:
    """Give back one token to every bucket. Raises redis.RedisError when Redis does not answer."""
    _run(REFUND, buckets)


def _run(script: str, buckets: Sequence[Bucket]) -> list[int]:
    keys = [f"{settings.REDIS_PREFIX}{bucket.key}" for bucket in buckets]
    numbers = [number for bucket in buckets for number in (bucket.limit.capacity, bucket.limit.interval)]
    try:
        answer: list[int] = ask("EVALSHA", _SHA[script], len(keys), *keys, *numbers)
    except NoScriptError:
        # A restarted or flushed server knows no scripts; EVAL runs this one and remembers it.
        answer = ask("EVAL", script, len(keys), *keys, *numbers)
    return answer
