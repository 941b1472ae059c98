from django.contrib import admin

from posts.models import Post
from puppies.admin import ReadOnlyAdmin


@admin.register(Post)
class PostAdmin(ReadOnlyAdmin):
    """Posts, to be looked at."""

    list_display = ("id", "author", "excerpt", "state", "delivery", "like_count", "created_at")
    list_filter = ("state", "delivery")
    list_select_related = ("author",)
    search_fields = ("=id", "author__username")
    ordering = ("-id",)
    fields = (
        "author",
        "content",
        "state",
        "delivery",
        "feed_id",
        "like_count",
        "comment_count",
        "created_at",
    )
