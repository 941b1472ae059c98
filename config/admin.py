from django.contrib import admin

from config.analytics.models import DailyFigures
from puppies.admin import ReadOnlyAdmin


@admin.register(DailyFigures)
class DailyFiguresAdmin(ReadOnlyAdmin):
    """A row a day, to be looked at; the newest is still being counted."""

    list_display = (
        "day",
        "posts",
        "comments",
        "likes",
        "unlikes",
        "signups",
        "follows",
        "active_users",
        "active_users_7_days",
        "active_users_30_days",
        "feed_requests",
        "feed_p50_ms",
        "feed_p95_ms",
        "feed_p99_ms",
        "counted_until",
        "closed_at",
    )
    exclude = ("active_sketch", "feed_buckets")
    ordering = ("-day",)
