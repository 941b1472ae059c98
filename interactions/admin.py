from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.roles import NotYours
from interactions.comments import moderating
from interactions.models import Comment
from puppies.admin import ReadOnlyAdmin
from puppies.errors import NotFound


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    """Comments, to be looked at, removed and restored."""

    list_display = ("id", "author", "post", "content", "state", "created_at", "edited_at")
    list_filter = ("state",)
    list_select_related = ("author", "post")
    search_fields = ("=id", "=post__id", "=author__username")
    ordering = ("-id",)
    fields = ("author", "post", "thread_id", "parent_id", "content", "state", "created_at", "edited_at")
    actions = ("remove", "restore")

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Django asks this of actions with `permissions=["moderate"]`."""
        return request.user.has_perm("interactions.moderate_comment")

    @admin.action(description="Remove selected comments", permissions=["moderate"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        """Remove each comment that the moderator may."""
        self._each(request, queryset, moderating.remove_comment, "removed")

    @admin.action(description="Restore selected comments", permissions=["moderate"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        """Restore each comment that the moderator may."""
        self._each(request, queryset, moderating.restore_comment, "restored")

    def _each(
        self, request: HttpRequest, comments: QuerySet[Comment], act: Callable[..., bool], done: str
    ) -> None:
        changed = 0
        for comment in comments.order_by("id"):
            try:
                changed += act(actor_id=request.user.pk, comment_id=comment.pk)
            except (NotYours, NotFound):
                self.message_user(
                    request, f"Your role does not reach {comment}, or it is gone.", messages.ERROR
                )
        self.message_user(request, f"{changed} {done}.")
