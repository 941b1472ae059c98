"""The daily mail of what is not read.

A beat claims the accounts whose day is over by moving it on, and asks for their mails in the same transaction: so two beats ask once.
A mail is sent at least once: a worker lost between the mail server's answer and its own record sends it again, nothing else does.
"""

import logging
from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import User
from interactions.events import DigestDue
from interactions.models import Kind, NotificationInbox
from interactions.notifications import refusals
from interactions.notifications.digest_lines import line_of
from interactions.notifications.selectors import Told, notifications
from interactions.notifications.unsubscribing import unsubscribe_url
from puppies.events import publish

logger = logging.getLogger(__name__)

BATCH = 100
SHOWN = 10

# The day goes on for each account that is due, whether or not there is something to mail; what there is is mailed up to `newest`.
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT user_id FROM interactions_notificationinbox WHERE digest_due_at <= %(now)s
     ORDER BY digest_due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
), news AS MATERIALIZED (
    SELECT inbox.user_id, greatest(inbox.read_up_to, inbox.digested_up_to) AS after, newest.place AS up_to
      FROM due JOIN interactions_notificationinbox AS inbox USING (user_id)
      JOIN accounts_user AS account ON account.id = inbox.user_id AND account.state = 'active'
       AND account.email_verified_at IS NOT NULL
     CROSS JOIN LATERAL (
        SELECT place FROM interactions_notificationgroup
         WHERE recipient_id = inbox.user_id AND kind <> ALL (inbox.not_in_app || inbox.not_by_email)
           AND place > greatest(inbox.read_up_to, inbox.digested_up_to)
         ORDER BY place DESC LIMIT 1) AS newest
)
UPDATE interactions_notificationinbox AS inbox
   SET digest_due_at = %(now)s + interval '1 day', digested_up_to = coalesce(news.up_to, inbox.digested_up_to),
       digested_at = CASE WHEN news.up_to IS NULL THEN inbox.digested_at ELSE %(now)s END
  FROM due LEFT JOIN news USING (user_id)
 WHERE inbox.user_id = due.user_id
RETURNING inbox.user_id, news.after, news.up_to
"""


def claim_due() -> int:
    """Ask for the digests of all accounts whose day is over, a batch a transaction; how many were asked for.

    Nothing while nobody knows where a mail program could unsubscribe: no mail goes out without that.
    """
    if not settings.API_URL:
        return 0
    asked = 0
    while (batch := claim_batch()) is not None:
        asked += batch
    return asked


@transaction.atomic
def claim_batch() -> int | None:
    """Claim the next 100 accounts that are due and ask for the digests of those with news; None when nobody is due."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"limit": BATCH, "now": timezone.now()})
        claimed = cursor.fetchall()
    news = [DigestDue(*row) for row in claimed if row[2] is not None]
    for due in news:
        publish(due)
    return len(news) if claimed else None


def send_digest(*, user_id: int, after: int, up_to: int) -> bool:
    """Mail one digest; False when nothing of it is left to tell, it is not wanted any more, or the mailbox does not take it."""
    user = User.objects.active().filter(id=user_id, email_verified_at__isnull=False).first()
    inbox = NotificationInbox.objects.filter(user_id=user_id, digest_due_at__isnull=False).first()
    if user is None or inbox is None:
        return False
    told = notifications(
        recipient_id=user_id,
        kinds=[kind for kind in Kind if kind not in inbox.not_by_email],
        limit=SHOWN + 1,
        after=max(after, inbox.read_up_to),
        before=up_to + 1,
    ).told
    return bool(told) and _is_taken(user, inbox, told)


def _is_taken(user: User, inbox: NotificationInbox, told: list[Told]) -> bool:
    """Mail it; False when the mailbox refuses it for good, which trying again does not change."""
    try:
        _mail(user, told)
    except SMTPRecipientsRefused as error:
        if not _is_for_good(error):
            raise
        # Whatever the server says may hold the address.
        logger.warning("digest_refused user=%s", user.id)
        refusals.refused(user_id=user.id)
        return False
    if inbox.digests_refused:
        refusals.taken(user_id=user.id)
    return True


def _is_for_good(error: SMTPRecipientsRefused) -> bool:
    return all(500 <= code <= 599 for code, _ in error.recipients.values())


def _mail(user: User, told: list[Told]) -> None:
    unsubscribe = unsubscribe_url(user_id=user.id)
    words = {
        "username": user.username,
        "lines": [line_of(one) for one in told[:SHOWN]],
        "has_more": len(told) > SHOWN,
        "link": settings.APP_URL.rstrip("/"),
        "unsubscribe": unsubscribe,
    }
    message = EmailMultiAlternatives(
        "What happened on Puppies",
        render_to_string("interactions/mail/digest.txt", words),
        to=[user.email],
        # RFC 8058: the reader's mail program sends a POST there.
        headers={
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    message.attach_alternative(render_to_string("interactions/mail/digest.html", words), "text/html")
    message.send()
