from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from accounts.models.users import User
from puppies.ids import IdField


class SessionQuerySet(models.QuerySet["Session"]):
    """The vocabulary of sessions."""

    def open(self) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=models.functions.Now())

    def ended_before(self, instant: datetime) -> Self:
        return self.filter(Q(expires_at__lt=instant) | Q(revoked_at__lt=instant))


class Session(models.Model):
    """One signed-in device. Access tokens carry its id as `sid` and stop working when it is revoked."""

    id = IdField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    device = models.CharField(max_length=200, default="", db_default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    last_used_at = models.DateTimeField(db_default=models.functions.Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("expires_at", name="session_by_expiry"),
            models.Index("revoked_at", name="session_revoked", condition=Q(revoked_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"session {self.id}"


class RefreshToken(models.Model):
    """One link of a session's chain of refresh tokens, known by the SHA-256 of its value.

    `salt` leads from the value to the successor's, so that a lost answer can be given again; the successor's use erases it.
    """

    id = IdField()
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="refresh_tokens")
    digest = models.BinaryField(max_length=32, unique=True)
    issued_at = models.DateTimeField(db_default=models.functions.Now())
    used_at = models.DateTimeField(null=True)
    successor_id = models.BigIntegerField(null=True)
    salt = models.BinaryField(max_length=32, null=True)

    class Meta:
        indexes = [
            models.Index("session", name="refresh_with_salt", condition=Q(salt__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"refresh token {self.id}"


class EmailToken(models.Model):
    """What a mailed link is worth: once, until `expires_at`. Its value is the signed id, so that nothing secret is stored.

    A reset is asked for an address: whose it is, if anybody's, is found out when the mail is sent.
    """

    class Purpose(models.TextChoices):
        RESET = "reset"
        VERIFY = "verify"

    id = IdField()
    purpose = models.CharField(max_length=6, choices=Purpose.choices)
    email = models.EmailField(max_length=254)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"


class AuditEntry(models.Model):
    """Who did what to whom. Ids stand without foreign keys: entries outlive accounts."""

    id = IdField()
    action = models.CharField(max_length=50)
    actor_id = models.BigIntegerField(null=True)
    subject_id = models.BigIntegerField(null=True)
    ip = models.GenericIPAddressField(null=True)
    trace_id = models.CharField(max_length=32, default="", db_default="")
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [models.Index("subject_id", "id", name="audit_by_subject")]

    def __str__(self) -> str:
        return f"{self.action} of {self.subject_id} by {self.actor_id}"
