"""How many people were here: on a day, and in the 7 and 30 days that end with it.

Who uses the API has a token of at most 15 minutes, so whoever signed in or continued a session on a day was active on it. Each such
moment is a row of `accounts_refreshtoken`, whose id tells when; a request leaves no trace of its own. What was issued since the last
time is read by a range of that index and goes into the day's HyperLogLog in Redis (P. Flajolet et al., 2007), together with the mark up
to which it was read. Redis may lose both: then the day is read again from its beginning, into the same sketch. Of days that are over,
PostgreSQL has the sketch.
"""

import logging
import time
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest, Now
from redis.exceptions import RedisError

from config.analytics.models import DailyFigures, midnight
from puppies.ids import first_id_at
from puppies.redis_client import client

BATCH = 1_000
RUN_SECONDS = 20.0
KEPT_SECONDS = 35 * 86_400
WEEK, MONTH = 7, 30

logger = logging.getLogger(__name__)

ISSUED = """
SELECT token.id, session.user_id
  FROM accounts_refreshtoken AS token JOIN accounts_session AS session ON session.id = token.session_id
 WHERE token.id >= %s AND token.id < %s ORDER BY token.id LIMIT %s
"""
# Sketch and mark change together, and only from the mark that was read: after a flush, or beside another call, nothing is missed.
ADD = """
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
redis.call('PFADD', KEYS[1], unpack(ARGV, 4))
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return 1
"""


def count_active_users() -> int:
    """Bring the figures of every day that is not closed up to date, and close those that are complete; how many were closed.

    Without Redis they stay as they are until it is back.
    """
    try:
        days = DailyFigures.objects.filter(closed_at=None).order_by("day")
        return sum(_count_day(row) for row in days)
    except RedisError as error:
        logger.warning("active_users_not_counted error=%s", error)
        return 0


def _count_day(row: DailyFigures) -> bool:
    is_complete = _read_on(row)
    _restore(row.day)
    counts = {
        "active_users": _size(row.day, days=1),
        "active_users_7_days": _size(row.day, days=WEEK),
        "active_users_30_days": _size(row.day, days=MONTH),
    }
    # A sketch that is being rebuilt knows fewer.
    raised: dict[str, Any] = {name: Greatest(F(name), count) for name, count in counts.items()}
    if is_closed := is_complete and row.is_counted:
        raised |= {"active_sketch": client().get(_sketch(row.day)), "closed_at": Now()}
    DailyFigures.objects.filter(day=row.day, closed_at=None).update(**raised)
    return is_closed


def _read_on(row: DailyFigures) -> bool:
    """Read the tokens issued up to where the day is counted; False when another call or the run's time came in between."""
    end, deadline = first_id_at(row.counted_until), time.monotonic() + RUN_SECONDS
    mark = _mark(row.day)
    while mark < end:
        found = _issued(mark, end)
        following = found[-1][0] + 1 if len(found) == BATCH else end
        if not _add(row.day, [user for _, user in found], mark=mark, following=following):
            return False
        mark = following
        if time.monotonic() > deadline:
            break
    return mark >= end


def _issued(begin: int, end: int) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(ISSUED, [begin, end, BATCH])
        return list(cursor.fetchall())


def _mark(day: date) -> int:
    """The id up to which the day was read; the day's first when Redis knows nothing of it."""
    mark, is_there = client().get(_mark_key(day)), client().exists(_sketch(day))
    if mark is None or not is_there:
        client().delete(_mark_key(day))
        return first_id_at(midnight(day))
    return int(mark)


def _add(day: date, users: Sequence[int], *, mark: int, following: int) -> bool:
    known = "" if mark == first_id_at(midnight(day)) else str(mark)
    keys = [_sketch(day), _mark_key(day)]
    return bool(client().eval(ADD, len(keys), *keys, known, following, KEPT_SECONDS, *set(users)))


def _restore(last: date) -> None:
    """Put the sketches of the days before back where Redis lost them."""
    days = _days(last, MONTH)
    missing = [day for day in days[:-1] if not client().exists(_sketch(day))]
    if not missing:
        return
    kept = DailyFigures.objects.filter(day__in=missing, active_sketch__isnull=False)
    for day, sketch in kept.values_list("day", "active_sketch"):
        client().set(_sketch(day), sketch or b"", ex=KEPT_SECONDS, nx=True)


def _size(last: date, *, days: int) -> int:
    return int(client().pfcount(*(_sketch(day) for day in _days(last, days))))


def _days(last: date, count: int) -> list[date]:
    return [last - timedelta(days=back) for back in range(count - 1, -1, -1)]


def _sketch(day: date) -> str:
    return f"{settings.REDIS_PREFIX}analytics:active:{day}"


def _mark_key(day: date) -> str:
    return f"{_sketch(day)}:mark"
