"""What happened, added to its day exactly once.

Three ways lead into a day's row, each the cheapest that is exact for its kind:

- **Posts** are not told by anybody. Their feed ids say when they were published, so a range of the index is counted, each slice of time
  once: the slice and the mark that it is counted commit together. A slice is counted when no transaction can add to it any more.
- **Sign-ups, comments and follows** are facts, whose rows may be gone a moment later. A delivery adds one, in the transaction that ends it.
- **Likes** are no facts. The drain of the ledger leaves what it added up, which is taken away here and added to the day in one statement.
"""

import time
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from config.analytics.models import DailyFigures, midnight
from puppies.ids import created_at, first_id_at
from puppies.sql import execute

SLICE = timedelta(hours=1)
RUN_SECONDS = 5.0
BATCH = 1_000
FACTS = frozenset({"signups", "comments", "follows"})

BEGIN = "INSERT INTO config_dailyfigures (day, counted_until) VALUES (%(day)s, %(midnight)s) ON CONFLICT DO NOTHING"
ADD = """
INSERT INTO config_dailyfigures (day, counted_until, {figure}) VALUES (%(day)s, %(midnight)s, 1)
ON CONFLICT (day) DO UPDATE SET {figure} = config_dailyfigures.{figure} + 1
"""
POSTS = "SELECT count(*) FROM posts_post WHERE feed_id >= %s AND feed_id < %s"
TAKE_DRAINED = """
WITH taken AS (
    DELETE FROM puppies_drainedtally WHERE id IN (
        SELECT id FROM puppies_drainedtally WHERE counter = 'post.likes' ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING raised, lowered, (timestamp '2026-01-01' + (id >> 22) * interval '1 millisecond')::date AS day
), total AS (
    INSERT INTO config_dailyfigures AS figures (day, counted_until, likes, unlikes)
    SELECT day, day::timestamp AT TIME ZONE 'UTC', sum(raised), sum(lowered) FROM taken GROUP BY day ORDER BY day
    ON CONFLICT (day) DO UPDATE SET likes = figures.likes + excluded.likes, unlikes = figures.unlikes + excluded.unlikes
)
SELECT count(*) FROM taken
"""


def add_fact(*, figure: str, identifier: int) -> None:
    """Add one to a figure of the day on which this id was taken; call it in the transaction that ends the fact's delivery."""
    if figure not in FACTS:
        raise ValueError(figure)
    day = created_at(identifier).date()
    execute(ADD.format(figure=figure), {"day": day, "midnight": midnight(day)})


def add_drained() -> int:
    """Add what the drain has added up since the last time; how many of its batches. Safe beside another call."""
    taken = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(TAKE_DRAINED, {"limit": BATCH})
            batch = int(cursor.fetchone()[0])
        taken += batch
        if batch < BATCH:
            return taken


def count_settled(*, now: datetime | None = None) -> int:
    """Count every slice up to where nothing can be added any more, for some seconds at most; how many slices."""
    until = (now or timezone.now()) - timedelta(seconds=settings.ANALYTICS_SETTLE_SECONDS)
    if not DailyFigures.objects.exists():
        begin_day(until.astimezone(UTC).date())
    slices, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end and count_slice(until=until):
        slices += 1
    return slices


@transaction.atomic
def count_slice(*, until: datetime) -> bool:
    """Count the next slice of the oldest day that is not counted whole; False when everything before `until` is counted."""
    days = DailyFigures.objects.filter(is_counted=False, counted_until__lt=until).order_by("day")
    # Whoever holds the row counts this slice; afterwards the row tells where the next one begins.
    row = days.select_for_update(no_key=True).first()
    if row is None:
        return False
    slice_end = min(row.counted_until + SLICE, until, row.end)
    row.posts += _posts(row.counted_until, slice_end)
    row.counted_until, row.is_counted = slice_end, slice_end == row.end
    row.save(update_fields=["posts", "counted_until", "is_counted"])
    if row.is_counted:
        begin_day(row.day + timedelta(days=1))
    return True


def begin_day(day: date) -> None:
    """Make the day's row, of which nothing is counted; one that is there already stays as it is."""
    execute(BEGIN, {"day": day, "midnight": midnight(day)})


def _posts(begin: datetime, end: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(POSTS, [first_id_at(begin), first_id_at(end)])
        return int(cursor.fetchone()[0])
