from datetime import datetime

from django.db import models
from django.db.models import Q

from feeds.popular.models import PopularSnapshot
from puppies.ids import created_at

__all__ = ["FeedEntry", "FeedState", "PopularSnapshot"]


class FeedEntry(models.Model):
    """One post in one reader's stored feed.

    No foreign-key constraints, no second index, hash-partitioned by reader (made by SQL in the first migration): fan-out writes these by
    the million, and the filter at read decides what is shown.
    """

    pk = models.CompositePrimaryKey("user_id", "feed_id")
    user_id = models.BigIntegerField()
    feed_id = models.BigIntegerField()
    author_id = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "feed entries"

    def __str__(self) -> str:
        return f"{self.feed_id} in the feed of {self.user_id}"

    @property
    def created_at(self) -> datetime:
        return created_at(self.feed_id)


class FeedState(models.Model):
    """What the stored feed of one reader claims: it holds what was pushed and merged from `floor` up, and nothing is claimed below.

    An account without this row has floor 0 and is awake. `version` rises with every change but those of a fan-out, `seen_at` once a day
    at most.
    """

    class Status(models.TextChoices):
        AWAKE = "awake"
        ASLEEP = "asleep"

    user_id = models.BigIntegerField(primary_key=True)
    floor = models.BigIntegerField(default=0, db_default=0)
    status = models.CharField(
        max_length=6, choices=Status.choices, default=Status.AWAKE, db_default=Status.AWAKE
    )
    version = models.BigIntegerField(default=0, db_default=0)
    seen_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        indexes = [
            # Nearly empty as a rule: a fan-out asks it about every follower.
            models.Index("user_id", name="feedstate_asleep", condition=Q(status="asleep")),
            models.Index("seen_at", name="feedstate_awake_by_seen", condition=Q(status="awake")),
        ]

    def __str__(self) -> str:
        return f"feed of {self.user_id}: {self.status}, floor {self.floor}"


class Sweep(models.Model):
    """How far a periodic walk over all accounts has come."""

    name = models.CharField(max_length=20, primary_key=True)
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} after {self.position}"
