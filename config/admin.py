from django.contrib import admin

from config.analytics.models import SHOWN, DailyFigures
from puppies.admin import ReadOnlyAdmin


@admin.register(DailyFigures)
class DailyFiguresAdmin(ReadOnlyAdmin):
    """A row a day, to be looked at; the newest is still being counted."""

    list_display = SHOWN
    exclude = ("active_sketch", "feed_buckets")
    ordering = ("-day",)
