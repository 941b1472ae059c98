"""How notifications come into being: once for each (recipient, kind, subject, actor), and the group rises when somebody new joins it."""

from collections.abc import Collection
from typing import NamedTuple

from django.db import connection

from interactions.models import Kind
from interactions.notifications.inboxes import lock_inboxes

# Of an `act` (recipient_id, kind, actor_id): whether to write it at all. Nothing is written that would not be shown: not because the
# reader would see it, who is asked again, but because it would raise its group.
IS_WANTED = """act.recipient_id <> act.actor_id
       AND EXISTS (SELECT 1 FROM interactions_notificationinbox AS inbox
                    WHERE inbox.user_id = act.recipient_id AND act.kind <> ALL (inbox.not_in_app))
       AND EXISTS (SELECT 1 FROM accounts_user AS actor WHERE actor.id = act.actor_id AND actor.state = 'active')
       AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = act.recipient_id AND blocked_id = act.actor_id)
       AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = act.actor_id AND blocked_id = act.recipient_id)
       AND NOT EXISTS (SELECT 1 FROM accounts_mute WHERE muter_id = act.recipient_id AND muted_id = act.actor_id)"""

# The newest of a batch has the highest id: ids are taken in the order of the acts.
FRESH = f"""
    INSERT INTO interactions_notification (recipient_id, kind, subject_id, actor_id, id)
    SELECT recipient_id, kind, subject_id, actor_id, puppies_next_id() FROM (
        SELECT act.recipient_id, act.kind, act.subject_id, act.actor_id FROM act
         WHERE {IS_WANTED} ORDER BY act.number) AS wanted
    ON CONFLICT DO NOTHING
    RETURNING recipient_id, kind, subject_id, actor_id
"""  # noqa: S608 - put together from constants of this module
# Nothing is born below the marker or what was mailed, nor takes a place that another has, whatever the clock says: a server that took over
# may be behind.
RISE = """
INSERT INTO interactions_notificationgroup AS known (recipient_id, kind, subject_id, post_id, comment_id, place)
SELECT recipient_id, kind, subject_id, post_id, comment_id, greatest(
           puppies_next_id(),
           row_number() OVER (PARTITION BY recipient_id ORDER BY kind, subject_id)
           + (SELECT greatest(inbox.read_up_to, inbox.digested_up_to,
                              (SELECT told.place FROM interactions_notificationgroup AS told
                                WHERE told.recipient_id = inbox.user_id ORDER BY told.place DESC LIMIT 1))
                FROM interactions_notificationinbox AS inbox WHERE inbox.user_id = joined.recipient_id))
  FROM (
    SELECT DISTINCT fresh.recipient_id, fresh.kind, fresh.subject_id, act.post_id, act.comment_id
      FROM fresh JOIN act USING (recipient_id, kind, subject_id, actor_id)
     ORDER BY fresh.recipient_id, fresh.kind, fresh.subject_id) AS joined
ON CONFLICT (recipient_id, kind, subject_id) DO UPDATE SET place = EXCLUDED.place
RETURNING known.recipient_id, known.kind, known.subject_id
"""

WRITE = f"""
WITH act AS MATERIALIZED (
    SELECT * FROM unnest(%(recipients)s::bigint[], %(kinds)s::text[], %(subjects)s::bigint[], %(actors)s::bigint[],
                         %(posts)s::bigint[], %(comments)s::bigint[])
      WITH ORDINALITY AS act (recipient_id, kind, subject_id, actor_id, post_id, comment_id, number)
), fresh AS ({FRESH})
{RISE}
"""  # noqa: S608 - put together from constants of this module


class Act(NamedTuple):
    """What one account did that another may be told of."""

    recipient_id: int
    kind: Kind
    subject_id: int
    actor_id: int
    post_id: int | None = None
    comment_id: int | None = None


def notify(acts: Collection[Act]) -> set[int]:
    """Write these acts, those that are not written yet and wanted; whom something new was told. Call it in a transaction."""
    if not acts:
        return set()
    lock_inboxes([act.recipient_id for act in acts])
    columns = ("recipients", "kinds", "subjects", "actors", "posts", "comments")
    names = dict(zip(columns, map(list, zip(*acts, strict=True)), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(WRITE, names)
        return {recipient_id for recipient_id, _, _ in cursor.fetchall()}
