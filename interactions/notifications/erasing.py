"""The end of an account's notifications: those it got, and those that tell of it."""

from django.conf import settings
from django.db import connection, transaction

from interactions.models import NotificationInbox
from interactions.notifications.inboxes import lock_existing_inboxes
from puppies.sql import execute

FORGET_TOLD = """
DELETE FROM interactions_notification WHERE recipient_id = %(user)s AND (kind, subject_id, actor_id) IN (
    SELECT kind, subject_id, actor_id FROM interactions_notification WHERE recipient_id = %(user)s LIMIT %(limit)s)
"""
FORGET_GROUPS = """
DELETE FROM interactions_notificationgroup WHERE recipient_id = %(user)s AND (kind, subject_id) IN (
    SELECT kind, subject_id FROM interactions_notificationgroup WHERE recipient_id = %(user)s LIMIT %(limit)s)
"""
TOLD_OF = """
SELECT DISTINCT recipient_id FROM (
    SELECT recipient_id FROM interactions_notification WHERE actor_id = %(user)s LIMIT %(limit)s) AS told
"""
# A group of another kind told of this account alone and goes with it; one of likes may have others in it.
FORGET_ACTS = """
WITH act AS MATERIALIZED (
    SELECT recipient_id, kind, subject_id FROM interactions_notification
     WHERE actor_id = %(user)s AND recipient_id = ANY(%(recipients)s) LIMIT %(limit)s
), emptied AS (
    DELETE FROM interactions_notificationgroup AS told USING act
     WHERE told.recipient_id = act.recipient_id AND told.kind = act.kind AND told.subject_id = act.subject_id AND told.kind <> 'like'
)
DELETE FROM interactions_notification AS told USING act
 WHERE told.recipient_id = act.recipient_id AND told.kind = act.kind AND told.subject_id = act.subject_id
   AND told.actor_id = %(user)s
"""


@transaction.atomic
def erase_received(*, user_id: int) -> bool:
    """Remove the next 1,000 of what the account was told, at the end its inbox; False when nothing is left."""
    lock_existing_inboxes([user_id])
    names = {"user": user_id, "limit": settings.PERSONAL_DATA_BATCH}
    if execute(FORGET_TOLD, names) or execute(FORGET_GROUPS, names):
        return True
    return bool(NotificationInbox.objects.filter(user_id=user_id).delete()[0])


@transaction.atomic
def erase_given(*, user_id: int) -> bool:
    """Remove the next 1,000 of what others were told of the account; False when nothing is left."""
    names = {"user": user_id, "limit": settings.PERSONAL_DATA_BATCH}
    with connection.cursor() as cursor:
        cursor.execute(TOLD_OF, names)
        recipients = [recipient_id for (recipient_id,) in cursor.fetchall()]
    lock_existing_inboxes(recipients)
    execute(FORGET_ACTS, {**names, "recipients": recipients})
    # A recipient that is erased, too, may have taken these meanwhile: there may be more.
    return bool(recipients)
