from django.db import models
from django.db.models import Q

from accounts.models.users import User
from puppies.ids import IdField


class Export(models.Model):
    """An archive of everything an account has, on its way or ready to be fetched until `expires_at`.

    A worker holds it until `lease_until`; `attempts` tells its leases apart, so that a worker that was too slow changes nothing.
    It outlives its account until its object has been removed from the store, hence no constraint.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        READY = "ready"
        FAILED = "failed"

    id = IdField()
    user = models.ForeignKey(User, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    state = models.CharField(
        max_length=7, choices=State.choices, default=State.WAITING, db_default=State.WAITING
    )
    rows_total = models.BigIntegerField(default=0, db_default=0)
    rows_done = models.BigIntegerField(default=0, db_default=0)
    size = models.BigIntegerField(default=0, db_default=0)
    attempts = models.IntegerField(default=0, db_default=0)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "user", name="export_one_at_a_time", condition=Q(state__in=["waiting", "running"])
            ),
        ]
        indexes = [
            models.Index("expires_at", name="export_to_remove", condition=Q(expires_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"export {self.id}: {self.state}"
