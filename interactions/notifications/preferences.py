"""What a recipient wants to be told, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from interactions.models import Kind, NotificationInbox
from interactions.notifications.inboxes import lock_inboxes

DAY = timedelta(days=1)


class Digest(StrEnum):
    """How often what is not read is mailed."""

    NEVER = "never"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Ways:
    """Where one kind is told; what is not told in the app is told nowhere."""

    in_app: bool = True
    email: bool = True


@dataclass(frozen=True, slots=True)
class Preferences:
    """Every kind's ways, and how often there is a digest."""

    ways: Mapping[Kind, Ways]
    digest: Digest


def preferences_of(*, user_id: int) -> Preferences:
    """What the account wants: every kind everywhere, and no digest, until it says otherwise."""
    inbox = NotificationInbox.objects.filter(user_id=user_id).first() or NotificationInbox(user_id=user_id)
    ways = {kind: Ways(kind not in inbox.not_in_app, kind not in inbox.not_by_email) for kind in Kind}
    return Preferences(ways, Digest.DAILY if inbox.digest_due_at else Digest.NEVER)


@transaction.atomic
def change_preferences(
    *, user_id: int, ways: Mapping[str, Mapping[str, bool]], digest: str | None = None
) -> Preferences:
    """Change what is given, `{"like": {"email": False}}`; the rest stays. All preferences as they are then."""
    lock_inboxes([user_id])
    inbox = NotificationInbox.objects.get(user_id=user_id)
    inbox.not_in_app = _without(inbox.not_in_app, ways, "in_app")
    inbox.not_by_email = _without(inbox.not_by_email, ways, "email")
    if digest is not None:
        inbox.digest_due_at = _due_at(inbox) if digest == Digest.DAILY else None
        inbox.digests_refused = 0
    inbox.save(update_fields=["not_in_app", "not_by_email", "digest_due_at", "digests_refused"])
    return preferences_of(user_id=user_id)


def stop_digests(*, user_id: int) -> bool:
    """Send this account no digest any more; False when it gets none."""
    wanting = NotificationInbox.objects.filter(user_id=user_id, digest_due_at__isnull=False)
    return bool(wanting.update(digest_due_at=None))


def _without(unwanted: list[str], ways: Mapping[str, Mapping[str, bool]], way: str) -> list[str]:
    given = {kind: wanted[way] for kind, wanted in ways.items() if way in wanted}
    return [kind for kind in Kind if not given.get(kind, kind not in unwanted)]


def _due_at(inbox: NotificationInbox) -> datetime:
    """When the next digest may come: to want one again does not make the day shorter."""
    now = timezone.now()
    return inbox.digest_due_at or max(now, (inbox.digested_at or now - DAY) + DAY)
