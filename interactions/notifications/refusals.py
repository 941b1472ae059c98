"""Mailboxes that refuse digests for good: after some in a row there are no more, until their owner asks again."""

from django.db.models import Case, F, Value, When

from interactions.models import NotificationInbox

# One alone may be a fault of our own mail server, which would end everybody's digests.
ENOUGH = 3


def refused(*, user_id: int) -> None:
    """Remember that the mailbox did not take a digest; the third in a row was the last."""
    is_enough = When(digests_refused__gte=ENOUGH - 1, then=Value(None))
    NotificationInbox.objects.filter(user_id=user_id).update(
        digests_refused=F("digests_refused") + 1, digest_due_at=Case(is_enough, default=F("digest_due_at"))
    )


def taken(*, user_id: int) -> None:
    """Forget what was refused before."""
    NotificationInbox.objects.filter(user_id=user_id).update(digests_refused=0)
