from typing import ClassVar

from django.db import models

KEY_LENGTH = 255
ROUTE_LENGTH = 200


class IdempotentAnswer(models.Model):
    """The first answer to a request that carried an `Idempotency-Key`, committed together with its effect."""

    pk = models.CompositePrimaryKey("user_id", "route", "key")
    user_id = models.BigIntegerField()
    route = models.CharField(max_length=ROUTE_LENGTH)
    key = models.CharField(max_length=KEY_LENGTH)
    fingerprint = models.BinaryField(max_length=32)
    status = models.SmallIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects: ClassVar[models.Manager["IdempotentAnswer"]] = models.Manager()

    class Meta:
        app_label = "puppies"
        indexes = [models.Index("created_at", name="idempotent_by_age")]

    def __str__(self) -> str:
        return f"{self.route} of {self.user_id}: {self.status}"
