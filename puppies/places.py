"""Places in lists that are ordered by an id."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


class Place(Protocol):
    """Which rows a page wants: ids in (after, before), none of `shown`; the first `limit` from the top, or from `after` upward."""

    @property
    def limit(self) -> int: ...
    @property
    def before(self) -> int: ...
    @property
    def after(self) -> int: ...
    @property
    def shown(self) -> Sequence[int]: ...
    @property
    def upward(self) -> bool: ...


def page_at(rows: QuerySet[M, Any], place: Place) -> QuerySet[M, Any]:
    """The rows that a page at this place wants, newest first, or oldest first when it looks upward."""
    rows = rows.filter(id__lt=place.before, id__gt=place.after).exclude(id__in=place.shown)
    return rows.order_by("id" if place.upward else "-id")[: place.limit]
