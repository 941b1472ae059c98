from datetime import datetime
from typing import Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower

from puppies.ids import IdField, NextId
from puppies.sql import execute

USERNAME_PATTERN = r"^[a-z0-9_]{3,30}$"
DISPLAY_NAME_LENGTH = 50
BIO_LENGTH = 500


class Skeleton(models.Func):
    """What a username looks like at a glance: `rn` is m, `vv` is w, 0 is o, 1 is l (UTS #39, for the letters that a name may have)."""

    function = "translate"
    template = "translate(replace(replace(%(expressions)s, 'rn', 'm'), 'vv', 'w'), '01', 'ol')"
    output_field = models.CharField()


class UserQuerySet(models.QuerySet["User"]):
    """The vocabulary of accounts."""

    def active(self) -> Self:
        return self.filter(state=User.State.ACTIVE)

    def signing_in(self) -> Self:
        """Accounts that may sign in: also one that is to be deleted, which signing in brings back."""
        return self.filter(state__in=(User.State.ACTIVE, User.State.DELETING))

    def visible_to(self, viewer_id: int) -> Self:
        """Active accounts but for those with which the viewer has a block, in either direction."""
        return self.active().exclude(blocked_pair(viewer_id, "pk"))


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Django's commands look here; `services.register_user` is the product's own door."""

    def create_superuser(self, username: str, email: str, password: str | None = None) -> "User":
        user: User = self.model(username=username, email=email, is_staff=True, is_superuser=True)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """An account. Its username is lower case; its counts are exact together with the ledger."""

    class State(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        DELETING = "deleting"
        PURGING = "purging"

    class FanoutMode(models.TextChoices):
        PUSH = "push"
        PULL = "pull"

    id = IdField()
    username = models.CharField(max_length=30, unique=True)
    email = models.EmailField(max_length=254)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    display_name = models.CharField(max_length=DISPLAY_NAME_LENGTH, default="", db_default="", blank=True)
    bio = models.CharField(max_length=BIO_LENGTH, default="", db_default="", blank=True)
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.ACTIVE, db_default=State.ACTIVE
    )
    is_staff = models.BooleanField(default=False, db_default=False)
    fanout_mode = models.CharField(
        max_length=4, choices=FanoutMode.choices, default=FanoutMode.PUSH, db_default=FanoutMode.PUSH
    )
    followers_count = models.BigIntegerField(default=0, db_default=0)
    following_count = models.BigIntegerField(default=0, db_default=0)
    posts_count = models.BigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(auto_now_add=True, db_default=models.functions.Now())
    delete_after = models.DateTimeField(null=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),
            models.UniqueConstraint(Skeleton("username"), name="user_username_skeleton"),
            models.CheckConstraint(condition=Q(username__regex=USERNAME_PATTERN), name="user_username_form"),
        ]
        indexes = [
            models.Index("delete_after", name="user_to_purge", condition=Q(state="deleting")),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.state == self.State.ACTIVE


class SessionQuerySet(models.QuerySet["Session"]):
    """The vocabulary of sessions."""

    def open(self) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=models.functions.Now())

    def ended_before(self, instant: datetime) -> Self:
        return self.filter(Q(expires_at__lt=instant) | Q(revoked_at__lt=instant))


class Session(models.Model):
    """One signed-in device. Access tokens carry its id as `sid` and stop working when it is revoked."""

    id = IdField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    device = models.CharField(max_length=200, default="", db_default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    last_used_at = models.DateTimeField(db_default=models.functions.Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("expires_at", name="session_by_expiry"),
            models.Index("revoked_at", name="session_revoked", condition=Q(revoked_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"session {self.id}"


class RefreshToken(models.Model):
    """One link of a session's chain of refresh tokens, known by the SHA-256 of its value.

    `salt` leads from the value to the successor's, so that a lost answer can be given again; the successor's use erases it.
    """

    id = IdField()
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="refresh_tokens")
    digest = models.BinaryField(max_length=32, unique=True)
    issued_at = models.DateTimeField(db_default=models.functions.Now())
    used_at = models.DateTimeField(null=True)
    successor_id = models.BigIntegerField(null=True)
    salt = models.BinaryField(max_length=32, null=True)

    class Meta:
        indexes = [
            models.Index("session", name="refresh_with_salt", condition=Q(salt__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"refresh token {self.id}"


class EmailToken(models.Model):
    """What a mailed link is worth: once, until `expires_at`. Its value is the signed id, so that nothing secret is stored.

    A reset is asked for an address: whose it is, if anybody's, is found out when the mail is sent.
    """

    class Purpose(models.TextChoices):
        RESET = "reset"
        VERIFY = "verify"

    id = IdField()
    purpose = models.CharField(max_length=6, choices=Purpose.choices)
    email = models.EmailField(max_length=254)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"


class AuditEntry(models.Model):
    """Who did what to whom. Ids stand without foreign keys: entries outlive accounts."""

    id = IdField()
    action = models.CharField(max_length=50)
    actor_id = models.BigIntegerField(null=True)
    subject_id = models.BigIntegerField(null=True)
    ip = models.GenericIPAddressField(null=True)
    trace_id = models.CharField(max_length=32, default="", db_default="")
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [models.Index("subject_id", "id", name="audit_by_subject")]

    def __str__(self) -> str:
        return f"{self.action} of {self.subject_id} by {self.actor_id}"


class FollowQuerySet(models.QuerySet["Follow"]):
    """The vocabulary of follows."""

    def add(self, *, follower_id: int, followee_id: int) -> int | None:
        """Insert the follow and tell its id; None when it was there already."""
        with connection.cursor() as cursor:
            cursor.execute(INSERT_FOLLOW, {"follower": follower_id, "followee": followee_id})
            row = cursor.fetchone()
        return None if row is None else int(row[0])

    def lock(self, *, follow_id: int, follower_id: int, followee_id: int) -> bool:
        """Keep this very follow from ending until the transaction does; False when it has ended, also if a newer one began."""
        rows = self.filter(follower_id=follower_id, followee_id=followee_id, id=follow_id)
        return bool(rows.select_for_update(no_key=True).values_list("id"))


INSERT_FOLLOW = """
INSERT INTO accounts_follow (follower_id, followee_id) VALUES (%(follower)s, %(followee)s) ON CONFLICT DO NOTHING
RETURNING id
"""


class Follow(models.Model):
    """`follower` reads `followee`. Until `merged`, the followee's earlier posts are not in the follower's stored feed.

    The pair is the key; `id` tells one follow from the next after an unfollow in between.
    """

    pk = models.CompositePrimaryKey("follower_id", "followee_id")
    follower = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    followee = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    id = models.BigIntegerField(db_default=NextId(), editable=False)
    merged = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects = FollowQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("followee", "follower", name="follow_by_followee"),
            models.Index("followee", F("id").desc(), name="follow_followers_newest"),
            models.Index("follower", F("id").desc(), name="follow_following_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(follower=F("followee")), name="follow_not_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows {self.followee_id}"


class BlockQuerySet(models.QuerySet["Block"]):
    """The vocabulary of blocks."""

    def add(self, *, blocker_id: int, blocked_id: int) -> bool:
        """Insert the block; False when it was there already."""
        return execute(INSERT_BLOCK, {"blocker": blocker_id, "blocked": blocked_id}) == 1

    def between(self, first_id: int, second_id: int) -> Self:
        """Blocks of one of the two by the other."""
        return self.filter(
            Q(blocker_id=first_id, blocked_id=second_id) | Q(blocker_id=second_id, blocked_id=first_id)
        )


INSERT_BLOCK = """
INSERT INTO accounts_block (blocker_id, blocked_id) VALUES (%(blocker)s, %(blocked)s) ON CONFLICT DO NOTHING
"""


class Block(models.Model):
    """`blocker` and `blocked` do not exist for each other. `id` orders a list of blocks."""

    pk = models.CompositePrimaryKey("blocker_id", "blocked_id")
    blocker = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    blocked = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    id = models.BigIntegerField(db_default=NextId(), editable=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects = BlockQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("blocked", "blocker", name="block_by_blocked"),
            models.Index("blocker", F("id").desc(), name="block_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(blocker=F("blocked")), name="block_not_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"


def blocked_pair(viewer_id: int, column: str) -> Q:
    """The condition that a block stands between the viewer and the account whose id is in `column`; never for id 0, nobody."""
    other = OuterRef(column)
    by_viewer = Block.objects.filter(blocker_id=viewer_id, blocked_id=other)
    of_viewer = Block.objects.filter(blocker_id=other, blocked_id=viewer_id)
    return Q(Exists(by_viewer)) | Q(Exists(of_viewer))


class MuteQuerySet(models.QuerySet["Mute"]):
    """The vocabulary of mutes."""

    def add(self, *, muter_id: int, muted_id: int) -> bool:
        """Insert the mute; False when it was there already."""
        return execute(INSERT_MUTE, {"muter": muter_id, "muted": muted_id}) == 1


INSERT_MUTE = """
INSERT INTO accounts_mute (muter_id, muted_id) VALUES (%(muter)s, %(muted)s) ON CONFLICT DO NOTHING
"""


class Mute(models.Model):
    """`muter` does not want posts of `muted` in the home feed; `muted` is not told. `id` orders a list of mutes."""

    pk = models.CompositePrimaryKey("muter_id", "muted_id")
    muter = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    muted = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    id = models.BigIntegerField(db_default=NextId(), editable=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects = MuteQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("muted", "muter", name="mute_by_muted"),
            models.Index("muter", F("id").desc(), name="mute_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(muter=F("muted")), name="mute_not_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.muter_id} mutes {self.muted_id}"


class Export(models.Model):
    """An archive of everything an account has, on its way or ready to be fetched until `expires_at`.

    A worker holds it until `lease_until`; `attempts` tells its leases apart, so that a worker that was too slow changes nothing.
    It outlives its account until its object has been removed from the store, hence no constraint.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        READY = "ready"
        FAILED = "failed"

    id = IdField()
    user = models.ForeignKey(User, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    state = models.CharField(
        max_length=7, choices=State.choices, default=State.WAITING, db_default=State.WAITING
    )
    rows_total = models.BigIntegerField(default=0, db_default=0)
    rows_done = models.BigIntegerField(default=0, db_default=0)
    size = models.BigIntegerField(default=0, db_default=0)
    attempts = models.IntegerField(default=0, db_default=0)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "user", name="export_one_at_a_time", condition=Q(state__in=["waiting", "running"])
            ),
        ]
        indexes = [
            models.Index("expires_at", name="export_to_remove", condition=Q(expires_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"export {self.id}: {self.state}"
