from typing import Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Lower

from puppies.ids import IdField, NextId

USERNAME_PATTERN = r"^[a-z0-9_]{3,30}$"
DISPLAY_NAME_LENGTH = 50
BIO_LENGTH = 500


class UserQuerySet(models.QuerySet["User"]):
    """The vocabulary of accounts."""

    def active(self) -> Self:
        return self.filter(state=User.State.ACTIVE)


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

    class FanoutMode(models.TextChoices):
        PUSH = "push"
        PULL = "pull"

    id = IdField()
    username = models.CharField(max_length=30, unique=True)
    email = models.EmailField(max_length=254)
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

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),
            models.CheckConstraint(condition=Q(username__regex=USERNAME_PATTERN), name="user_username_form"),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.state == self.State.ACTIVE


class Session(models.Model):
    """One signed-in device. Access tokens carry its id as `sid` and stop working when it is revoked."""

    id = IdField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    device = models.CharField(max_length=200, default="", db_default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"session {self.id}"


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
        indexes = [models.Index("followee", "follower", name="follow_by_followee")]
        constraints = [
            models.CheckConstraint(condition=~Q(follower=F("followee")), name="follow_not_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows {self.followee_id}"
