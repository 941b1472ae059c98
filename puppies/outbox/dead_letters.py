"""Dead letters: deliveries whose every attempt failed, kept with their error until somebody decides."""

from collections.abc import Collection

from django.db.models import QuerySet
from django.db.models.functions import Now

from puppies.models import Delivery


def dead_letters(*, task: str = "", ids: Collection[int] = ()) -> QuerySet[Delivery]:
    """Dead letters, oldest first; of one task or with these ids where given."""
    found = Delivery.objects.filter(dead_at__isnull=False).order_by("dead_at", "id")
    if task:
        found = found.filter(task=task)
    return found.filter(id__in=ids) if ids else found


def replay(*, letters: QuerySet[Delivery]) -> int:
    """Make dead letters due again with all attempts before them, from the position they had reached; how many."""
    fresh = {"dead_at": None, "attempts": 0, "publications": 0, "due_at": Now(), "error": ""}
    return Delivery.objects.filter(id__in=letters.values("id"), dead_at__isnull=False).update(**fresh)


def drop(*, letters: QuerySet[Delivery]) -> int:
    """Remove dead letters for good; how many."""
    removed, _ = Delivery.objects.filter(id__in=letters.values("id"), dead_at__isnull=False).delete()
    return removed
