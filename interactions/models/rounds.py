from django.db import models


class RecountRound(models.Model):
    """How far the periodic recount of all counts has come, and what it found: how many counts were wrong, by the name of the counter,
    and as `uncounted` how many accounts and posts it had to pass over.

    `found` is of this round, `last_found` of the last whole one.
    """

    name = models.CharField(max_length=20, primary_key=True)
    position = models.BigIntegerField(default=0, db_default=0)
    rounds = models.BigIntegerField(default=0, db_default=0)
    found = models.JSONField(default=dict)
    last_found = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} after {self.position}"
