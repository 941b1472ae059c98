from django.contrib import admin

from accounts.models import User
from puppies.admin import ReadOnlyAdmin


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Accounts, to be looked at."""

    list_display = ("username", "email", "state", "followers_count", "posts_count", "created_at")
    list_filter = ("state", "is_staff")
    search_fields = ("username", "email")
    ordering = ("-id",)
    fields = ("username", "email", "display_name", "bio", "state", "fanout_mode", "is_staff", "created_at")
