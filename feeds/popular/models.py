from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from puppies.ids import IdField, created_at


class PopularSnapshot(models.Model):
    """The popular posts of one minute, the most popular first. Rows are inserted and removed, never changed: cursors name ranks in them.

    The posts are hints, never permissions: whether one may be shown is decided when it is read.
    """

    id = IdField()
    post_ids = ArrayField(models.BigIntegerField())

    objects: ClassVar[models.Manager["PopularSnapshot"]] = models.Manager()

    class Meta:
        app_label = "feeds"

    def __str__(self) -> str:
        return f"{len(self.post_ids)} popular posts at {self.created_at}"

    @property
    def created_at(self) -> datetime:
        return created_at(self.id)
