from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.text import Truncator

from puppies.errors import DomainError
from puppies.models import Delivery

COUNTED = 10_000
EXCERPT = 100


class CountedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of the first 10,000 rows: beyond, a search or a filter finds, and counting all of a long table would take seconds."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment] # of a list of the admin
        return rows.order_by()[:COUNTED].count()


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A list and its rows, to be looked at: whatever changes a row goes through a service."""

    class Media:
        css = {"all": ["puppies/admin.css"]}

    show_full_result_count = False
    paginator = CountedPaginator

    @admin.display(description="content")
    def excerpt(self, row: Any) -> str:
        """How the text of a row begins, for lists."""
        return Truncator(row.content).chars(EXCERPT)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def act_on_each(
        self, request: HttpRequest, rows: QuerySet[Any], act: Callable[[Any], bool], *, done: str
    ) -> None:
        """Do `act` to each row that the caller may change, and tell how many it changed and which were refused."""
        changed = 0
        for row in rows.order_by("id"):
            try:
                changed += act(row)
            except DomainError:
                self.message_user(request, f"Your role does not reach {row}, or it is gone.", messages.ERROR)
        self.message_user(request, f"{changed} {done}.")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Facts on their way, with the error of the last attempt; `manage.py dead_letters` changes them."""

    list_display = ("id", "fact", "task", "position", "attempts", "due_at", "done_at", "dead_at")
    list_filter = (
        ("dead_at", admin.EmptyFieldListFilter),
        ("done_at", admin.EmptyFieldListFilter),
    )
    ordering = ("-id",)
