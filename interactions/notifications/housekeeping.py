"""Old notifications are removed, a batch a transaction."""

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from puppies.ids import SEQUENCE_BITS, first_id_at
from puppies.sql import execute

BATCH = 1_000

# A group is as old as the last to join it, so that who joined earlier is forgotten with it, not before: whoever likes again meanwhile
# is not told of again. Of inboxes that nobody holds: a group that rises at this moment is not old.
OLDEST = f"""
SELECT told.recipient_id, told.kind, told.subject_id
  FROM interactions_notificationgroup AS told JOIN interactions_notificationinbox AS inbox ON inbox.user_id = told.recipient_id
 WHERE told.place >> {SEQUENCE_BITS} < %(until)s
 ORDER BY told.place >> {SEQUENCE_BITS} LIMIT %(limit)s FOR UPDATE OF told, inbox SKIP LOCKED
"""  # noqa: S608 - the only interpolation is a constant
OF_THESE = "unnest(%(recipients)s::bigint[], %(kinds)s::text[], %(subjects)s::bigint[]) AS old (recipient_id, kind, subject_id)"
REMOVE_TOLD = f"""
DELETE FROM interactions_notification WHERE (recipient_id, kind, subject_id, actor_id) IN (
    SELECT told.recipient_id, told.kind, told.subject_id, told.actor_id
      FROM {OF_THESE} JOIN interactions_notification AS told USING (recipient_id, kind, subject_id) LIMIT %(limit)s)
"""  # noqa: S608 - the only interpolation is a constant of this module
REMOVE_GROUPS = f"""
DELETE FROM interactions_notificationgroup AS told USING {OF_THESE}
 WHERE told.recipient_id = old.recipient_id AND told.kind = old.kind AND told.subject_id = old.subject_id
"""  # noqa: S608 - the only interpolation is a constant of this module


def remove_old() -> int:
    """Remove groups in which nobody joined for `NOTIFICATIONS_KEEP_DAYS`, and who is in them; how many rows went."""
    until = first_id_at(timezone.now() - timedelta(days=settings.NOTIFICATIONS_KEEP_DAYS)) >> SEQUENCE_BITS
    removed = 0
    while batch := remove_batch(until=until):
        removed += batch
    return removed


@transaction.atomic
def remove_batch(*, until: int) -> int:
    """Remove the next 1,000 rows of groups that rose last before this millisecond; 0 when none is left in an inbox that nobody holds."""
    with connection.cursor() as cursor:
        cursor.execute(OLDEST, {"until": until, "limit": BATCH})
        groups = cursor.fetchall()
    if not groups:
        return 0
    columns = ("recipients", "kinds", "subjects")
    names = {**dict(zip(columns, map(list, zip(*groups, strict=True)), strict=True)), "limit": BATCH}
    told = execute(REMOVE_TOLD, names)
    # A full batch may have left some: their group stays to lead to them.
    return told if told == BATCH else told + execute(REMOVE_GROUPS, names)
