from datetime import UTC, date, datetime, time, timedelta

from django.db import models

# What the admin and `manage.py daily_figures` show of a day, in this order.
SHOWN = (
    "day",
    "posts",
    "comments",
    "likes",
    "unlikes",
    "signups",
    "follows",
    "active_users",
    "active_users_7_days",
    "active_users_30_days",
    "feed_requests",
    "feed_p50_ms",
    "feed_p95_ms",
    "feed_p99_ms",
    "counted_until",
    "closed_at",
)


class DailyFigures(models.Model):
    """What happened on one day (UTC). Figures only rise, whatever is deleted or erased later.

    Everything before `counted_until` has been counted; `closed_at` tells when the day was complete. A fact that arrives later still is
    added to its day. `active_users` and those of the 7 and 30 days that end with this one are estimates (HyperLogLog, ±0.8 %), made from
    `active_sketch`. `feed_buckets` has how many requests for the home feed took up to so many seconds, more than the bucket before.
    """

    day = models.DateField(unique=True)
    posts = models.BigIntegerField(default=0, db_default=0)
    comments = models.BigIntegerField(default=0, db_default=0)
    likes = models.BigIntegerField(default=0, db_default=0)
    unlikes = models.BigIntegerField(default=0, db_default=0)
    signups = models.BigIntegerField(default=0, db_default=0)
    follows = models.BigIntegerField(default=0, db_default=0)
    active_users = models.BigIntegerField(default=0, db_default=0)
    active_users_7_days = models.BigIntegerField(default=0, db_default=0)
    active_users_30_days = models.BigIntegerField(default=0, db_default=0)
    active_sketch = models.BinaryField(null=True)
    feed_requests = models.BigIntegerField(default=0, db_default=0)
    feed_p50_ms = models.FloatField(null=True)
    feed_p95_ms = models.FloatField(null=True)
    feed_p99_ms = models.FloatField(null=True)
    feed_buckets = models.JSONField(default=dict, db_default={})
    counted_until = models.DateTimeField()
    is_counted = models.BooleanField(default=False, db_default=False)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "config"
        verbose_name_plural = "daily figures"

    def __str__(self) -> str:
        return f"figures of {self.day}"

    @property
    def end(self) -> datetime:
        """The first instant of the next day."""
        return midnight(self.day + timedelta(days=1))


class ScrapedApi(models.Model):
    """What one API had told of the home feed's latency when it was last asked; `turn` decides which of two askers counts."""

    url = models.TextField(primary_key=True)
    buckets = models.JSONField(null=True)
    turn = models.BigIntegerField(default=0, db_default=0)
    asked_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        app_label = "config"

    def __str__(self) -> str:
        return self.url


def midnight(day: date) -> datetime:
    """The instant at which the day begins."""
    return datetime.combine(day, time(), UTC)
