from django.db import models
from django.db.models import Q

from puppies.idempotency.models import IdempotentAnswer
from puppies.ids import IdField

__all__ = ["Delivery", "DrainedTally", "IdempotentAnswer", "LedgerEntry"]


class Delivery(models.Model):
    """A fact on its way to one task: the outbox row that carries it from the commit to the task's last effect."""

    id = IdField()
    fact = models.TextField()
    payload = models.JSONField()
    task = models.TextField()
    partition_key = models.TextField()
    position = models.BigIntegerField(default=0, db_default=0)
    attempts = models.IntegerField(default=0, db_default=0)
    publications = models.IntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(db_default=models.functions.Now())
    lease_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    error = models.TextField(default="", db_default="")
    traceparent = models.TextField(default="", db_default="")

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index("due_at", name="delivery_open", condition=Q(done_at=None, dead_at=None)),
            models.Index("done_at", name="delivery_done", condition=Q(done_at__isnull=False)),
            models.Index("dead_at", name="delivery_dead", condition=Q(dead_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.fact} → {self.task} ({self.id})"


class LedgerEntry(models.Model):
    """One change of one count, committed with the row it counts, waiting to be added up."""

    id = models.BigAutoField(primary_key=True)
    counter = models.TextField()
    subject_id = models.BigIntegerField()
    actor_id = models.BigIntegerField()
    delta = models.SmallIntegerField()

    class Meta:
        verbose_name_plural = "ledger entries"
        indexes = [models.Index("counter", "subject_id", name="ledger_by_subject")]

    def __str__(self) -> str:
        return f"{self.counter} of {self.subject_id}: {self.delta:+d}"


class DrainedTally(models.Model):
    """What one batch of a drain added up: so many entries that raise a count and that lower it. Whoever counts them takes the row away."""

    id = IdField()
    counter = models.TextField()
    raised = models.BigIntegerField()
    lowered = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "drained tallies"

    def __str__(self) -> str:
        return f"{self.counter}: +{self.raised} −{self.lowered}"
