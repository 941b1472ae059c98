from collections.abc import Callable

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import User
from interactions.comments import moderating
from interactions.models import Comment
from puppies.admin import ReadOnlyAdmin
from puppies.ids import parse_id


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    """Comments, to be looked at, removed and restored."""

    list_display = ("id", "author", "post", "excerpt", "state", "created_at", "edited_at")
    list_filter = ("state",)
    list_select_related = ("author", "post")
    search_fields = ("id", "author__username")
    search_help_text = "A comment's id, or the whole username of an author."
    ordering = ("-id",)
    fields = ("author", "post", "thread_id", "parent_id", "content", "state", "created_at", "edited_at")
    actions = ("remove", "restore")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Comment], search_term: str
    ) -> tuple[QuerySet[Comment], bool]:
        """Both are found by an index; a search in two tables for anything like the term would read them whole."""
        term = search_term.strip()
        if not term:
            return queryset, False
        author_id = User.objects.filter(username=term.lower()).values_list("id", flat=True).first()
        return queryset.filter(Q(id=parse_id(term) or 0) | Q(author_id=author_id or 0)), False

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
        self.act_on_each(
            request,
            comments,
            lambda comment: act(actor_id=request.user.pk, comment_id=comment.pk),
            done=done,
        )
