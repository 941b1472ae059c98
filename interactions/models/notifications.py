from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import User
from puppies.ids import SEQUENCE_BITS, NextId, created_at


class Kind(models.TextChoices):
    """What somebody may be told of."""

    LIKE = "like"
    COMMENT = "comment"
    REPLY = "reply"
    MENTION = "mention"
    FOLLOW = "follow"


class Notification(models.Model):
    """`actor` did something that `recipient` may be told of, once: the key is what keeps a repeated act from being told again.

    `subject_id` is the post of a like, the comment of a comment or reply, the post or comment of a mention, the account that follows.
    A row whose like was taken back stays, as `is_withdrawn`, outside the index that is read. Without foreign-key constraints:
    a post's likes are written by the thousand, and a reader asks of everything whether it is still there.
    """

    pk = models.CompositePrimaryKey("recipient_id", "kind", "subject_id", "actor_id")
    recipient = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=7, choices=Kind.choices)
    subject_id = models.BigIntegerField()
    actor = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    id = models.BigIntegerField(db_default=NextId(), editable=False)
    is_withdrawn = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [
            models.Index(
                "recipient",
                "kind",
                "subject_id",
                F("id").desc(),
                name="notification_newest",
                condition=Q(is_withdrawn=False),
            ),
            models.Index("actor", name="notification_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject_id} by {self.actor_id} for {self.recipient_id}"


class NotificationGroup(models.Model):
    """What a recipient's list shows as one: all likes of a post; of the other kinds each by itself.

    `place` orders the list. It is an id that the group takes anew, under the lock of the recipient's inbox, when somebody joins.
    """

    pk = models.CompositePrimaryKey("recipient_id", "kind", "subject_id")
    recipient = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=7, choices=Kind.choices)
    subject_id = models.BigIntegerField()
    post_id = models.BigIntegerField(null=True)
    comment_id = models.BigIntegerField(null=True)
    place = models.BigIntegerField(db_default=NextId(), editable=False)

    class Meta:
        indexes = [
            # The kind is last so that other kinds are passed over within the index.
            models.Index("recipient", F("place").desc(), "kind", name="notification_group_newest"),
            # By the millisecond of the place, for the housekeeping alone: an index by place would tempt a reader through everybody's.
            models.Index(F("place").bitrightshift(SEQUENCE_BITS), name="notification_group_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject_id} for {self.recipient_id}"

    @property
    def risen_at(self) -> datetime:
        """When somebody joined last."""
        return created_at(self.place)


class NotificationInbox(models.Model):
    """What a recipient has read and wants to be told. Whoever writes its notifications locks this row first.

    So places become visible in their order, and nothing is ever born below the marker `read_up_to`. No row: nothing read, the defaults.
    `digest_due_at` is null for who wants no digest; `digested_up_to` is the last place that a digest was asked for,
    and `digests_refused` how many in a row the mailbox refused for good.
    """

    user = models.OneToOneField(
        User,
        on_delete=models.DO_NOTHING,
        related_name="+",
        primary_key=True,
        db_constraint=False,
    )
    read_up_to = models.BigIntegerField(default=0, db_default=0)
    not_in_app = ArrayField(models.CharField(max_length=7), default=list, db_default=[])
    not_by_email = ArrayField(models.CharField(max_length=7), default=list, db_default=[])
    digest_due_at = models.DateTimeField(null=True)
    digested_at = models.DateTimeField(null=True)
    digested_up_to = models.BigIntegerField(default=0, db_default=0)
    digests_refused = models.SmallIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name_plural = "notification inboxes"
        indexes = [
            models.Index("digest_due_at", name="inbox_digest_due", condition=Q(digest_due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"inbox of {self.user_id}"
