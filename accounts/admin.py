from collections.abc import Callable

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from social_django.models import Association, Nonce, UserSocialAuth

from accounts import roles
from accounts.models import User
from puppies.admin import ReadOnlyAdmin

# The app that keeps identities brings forms of its own; ours is below, and the other two tables stay empty.
for model in (UserSocialAuth, Nonce, Association):
    admin.site.unregister(model)


@admin.register(UserSocialAuth)
class IdentityAdmin(ReadOnlyAdmin):
    """Which identities sign in to which accounts."""

    list_display = ("user", "provider", "uid", "created")
    list_filter = ("provider",)
    list_select_related = ("user",)
    search_fields = ("=user__username", "=uid")
    ordering = ("-id",)
    fields = ("user", "provider", "uid", "created")


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Accounts, to be looked at, suspended and restored."""

    list_display = ("username", "email", "state", "followers_count", "posts_count", "created_at")
    list_filter = ("state", "is_staff")
    search_fields = ("username", "email")
    ordering = ("-id",)
    fields = ("username", "email", "display_name", "bio", "state", "fanout_mode", "is_staff", "created_at")
    actions = ("suspend", "restore")

    def has_suspend_permission(self, request: HttpRequest) -> bool:
        """Django asks this of actions with `permissions=["suspend"]`."""
        return request.user.has_perm("accounts.suspend_user")

    @admin.action(description="Suspend selected accounts", permissions=["suspend"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Suspend each account that the moderator may."""
        self._each(request, queryset, roles.suspend_user, "suspended")

    @admin.action(description="Restore selected accounts", permissions=["suspend"])
    def restore(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Restore each account that the moderator may."""
        self._each(request, queryset, roles.restore_user, "restored")

    def _each(self, request: HttpRequest, users: QuerySet[User], act: Callable[..., bool], done: str) -> None:
        self.act_on_each(
            request, users, lambda user: act(actor_id=request.user.pk, user_id=user.pk), done=done
        )
