"""The audit: who did what to whom, when, from where. Entries are written in the transaction of what they tell, never changed,
and kept for `AUDIT_KEEP_DAYS`: they name people and their addresses."""

from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import AuditEntry
from puppies import trace
from puppies.ids import first_id_at

SIGNED_UP = "signed_up"
SIGNED_IN = "signed_in"
SESSION_ENDED = "session_ended"
REFRESH_REUSED = "refresh_reused"
PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an action
PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of an action
EMAIL_VERIFIED = "email_verified"
IDENTITY_LINKED = "identity_linked"
IDENTITY_UNLINKED = "identity_unlinked"

BATCH = 1_000

# The address of the client whose request is at hand; None outside requests.
client_ip: ContextVar[str | None] = ContextVar("client_ip", default=None)


def record(*, action: str, actor_id: int | None, subject_id: int, **detail: Any) -> None:
    """Keep one entry, with the trace and the client's address of the work at hand. `actor_id` is None for an operator's command."""
    current = trace.current()
    AuditEntry.objects.create(
        action=action,
        actor_id=actor_id,
        subject_id=subject_id,
        ip=client_ip.get(),
        trace_id=current.trace_id if current else "",
        detail=detail,
    )


def remove_old() -> int:
    """Remove entries of more than `AUDIT_KEEP_DAYS` ago, a batch a transaction; how many."""
    until = first_id_at(timezone.now() - timedelta(days=settings.AUDIT_KEEP_DAYS))
    removed = 0
    while batch := list(
        AuditEntry.objects.filter(id__lt=until).order_by("id").values_list("id", flat=True)[:BATCH]
    ):
        removed += AuditEntry.objects.filter(id__in=batch).delete()[0]
    return removed
