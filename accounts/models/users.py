from typing import Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from puppies.ids import IdField

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

    def with_email(self, email: str) -> Self:
        """The account of this address, told apart from others just as `user_email_unique` does."""
        return self.filter(Exact(Lower("email"), Lower(Value(email))))

    def visible_to(self, viewer_id: int) -> Self:
        """Active accounts but for those with which the viewer has a block, in either direction."""
        from accounts.models.relations import blocked_pair  # noqa: PLC0415 - relations are made of users, not the other way round

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
