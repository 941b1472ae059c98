"""The end of an account: asked for, 30 days' grace, then erased a batch at a time.

active → deleting (hidden, signed out; signing in brings it back) → purging (nothing brings it back) → gone.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit, counters
from accounts.events import AccountPurgeStarted
from accounts.models import Export, User
from puppies import ledger
from puppies.events import publish
from puppies.personal_data import erasers
from puppies.sql import execute

GRACE = timedelta(days=30)
PURGES_AT_ONCE = 100

logger = logging.getLogger(__name__)

# Each end of a follow tells the other end's count; the counts of the account that goes are not told. Accounts that follow each other may
# be erased at once, so follows are locked in the order of their key.
ERASE_FOLLOWERS = """
WITH held AS MATERIALIZED (
    SELECT follower_id, followee_id FROM accounts_follow WHERE followee_id = %(user)s AND follower_id = ANY(%(others)s)
     ORDER BY follower_id FOR UPDATE
), erased AS (
    DELETE FROM accounts_follow AS own USING held
     WHERE own.follower_id = held.follower_id AND own.followee_id = held.followee_id RETURNING own.follower_id AS other
)
INSERT INTO puppies_ledgerentry (counter, subject_id, actor_id, delta)
SELECT %(counter)s, other, other, -1 FROM erased
"""
ERASE_FOLLOWING = """
WITH held AS MATERIALIZED (
    SELECT follower_id, followee_id FROM accounts_follow WHERE follower_id = %(user)s ORDER BY followee_id LIMIT %(limit)s FOR UPDATE
), erased AS (
    DELETE FROM accounts_follow AS own USING held
     WHERE own.follower_id = held.follower_id AND own.followee_id = held.followee_id RETURNING own.followee_id AS other
)
INSERT INTO puppies_ledgerentry (counter, subject_id, actor_id, delta)
SELECT %(counter)s, other, %(user)s, -1 FROM erased
"""


@transaction.atomic
def request_deletion(*, user_id: int, grace: timedelta = GRACE) -> datetime:
    """Hide the account, end its sessions and let it be erased after the returned instant unless it signs in before."""
    delete_after = timezone.now() + grace
    asked = User.objects.active().filter(id=user_id)
    if asked.update(state=User.State.DELETING, delete_after=delete_after):
        audit.record(action="deletion_requested", actor_id=user_id, subject_id=user_id)
    return delete_after


@transaction.atomic
def cancel_deletion(*, user_id: int) -> bool:
    """Bring a deleting account back; False when it is not deleting, or erasing has begun."""
    deleting = User.objects.filter(id=user_id, state=User.State.DELETING)
    if not deleting.update(state=User.State.ACTIVE, delete_after=None):
        return False
    audit.record(action="deletion_cancelled", actor_id=user_id, subject_id=user_id)
    return True


def start_due_purges(*, now: datetime | None = None) -> int:
    """Begin to erase the accounts whose grace has ended; how many."""
    due = User.objects.filter(state=User.State.DELETING, delete_after__lte=now or timezone.now())
    ids = due.order_by("delete_after").values_list("id", flat=True)[:PURGES_AT_ONCE]
    return sum(_start_purge(user_id) for user_id in list(ids))


@transaction.atomic
def _start_purge(user_id: int) -> bool:
    # One update decides between erasing and a sign-in at the same moment.
    started = User.objects.filter(id=user_id, state=User.State.DELETING, delete_after__lte=timezone.now())
    if not started.update(state=User.State.PURGING):
        return False
    publish(AccountPurgeStarted(user_id=user_id))
    audit.record(action="purge_started", actor_id=None, subject_id=user_id)
    return True


def purge_batch(*, user_id: int, step: int) -> int | None:
    """Remove the next batch of what the account left; the eraser to go on with, None when nothing is left."""
    if not User.objects.filter(id=user_id, state=User.State.PURGING).exists():
        logger.info("purge_not_needed user_id=%s", user_id)
        return None
    steps = erasers()
    if steps[step].erase(user_id):
        return step
    return step + 1 if step + 1 < len(steps) else None


def erase_follows(*, followee_id: int, follower_ids: Collection[int]) -> None:
    """Remove these follows of an account that goes, and take them off the followers' counts."""
    names = {"user": followee_id, "others": list(follower_ids), "counter": counters.FOLLOWING}
    execute(ERASE_FOLLOWERS, names)


def erase_following(*, user_id: int) -> bool:
    """Remove the next 1,000 follows by the account and take them off the followees' counts; False when none is left."""
    names = {"user": user_id, "counter": counters.FOLLOWERS, "limit": settings.PERSONAL_DATA_BATCH}
    return bool(execute(ERASE_FOLLOWING, names))


@transaction.atomic
def erase_rows(rows: QuerySet[Any]) -> bool:
    """Remove the next 1,000 of these rows, locked in the order of their key; False when none is left.

    Meant for rows on which nothing large depends.
    """
    held = rows.order_by("pk").select_for_update()
    keys = list(held.values_list("pk", flat=True)[: settings.PERSONAL_DATA_BATCH])
    rows.model._default_manager.filter(pk__in=keys).delete()  # noqa: SLF001 - Django's documented name
    return bool(keys)


def erase_user(*, user_id: int) -> bool:
    """Remove the account itself, of which nothing large is left; its archives expire at once."""
    Export.objects.filter(user_id=user_id).update(expires_at=timezone.now(), state=Export.State.FAILED)
    ledger.forget(counters=counters.ALL, subject_ids=[user_id])
    User.objects.filter(id=user_id).delete()
    return False
