"""What a recipient has read: one marker, which only moves forward."""

from django.db import transaction

from interactions.notifications.inboxes import lock_inboxes
from puppies.ids import MAX_ID
from puppies.sql import execute

# Never beyond what is there: a marker in the future would swallow what comes.
MARK = """
UPDATE interactions_notificationinbox AS inbox SET read_up_to = newest.place
  FROM (SELECT place FROM interactions_notificationgroup WHERE recipient_id = %(user)s AND place <= %(up_to)s
         ORDER BY place DESC LIMIT 1) AS newest
 WHERE inbox.user_id = %(user)s AND inbox.read_up_to < newest.place
"""


@transaction.atomic
def mark_read(*, user_id: int, up_to: int = MAX_ID) -> bool:
    """Count everything up to this place as read, all there is when none is given; False when it was read already."""
    lock_inboxes([user_id])
    return execute(MARK, {"user": user_id, "up_to": up_to}) == 1
