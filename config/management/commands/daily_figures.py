import json
from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from config.analytics.models import SHOWN, DailyFigures

# The instants are for programs; people see whether the day is complete.
COLUMNS = SHOWN[:-2]


class Command(BaseCommand):
    help = "Show what happened on each day (UTC). The newest row is still being counted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", type=day, dest="first", help="the first day, as 2026-11-22")
        parser.add_argument("--to", type=day, dest="last", help="the last day")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        days = DailyFigures.objects.order_by("day")
        if options["first"]:
            days = days.filter(day__gte=options["first"])
        if options["last"]:
            days = days.filter(day__lte=options["last"])
        rows = list(days.values(*SHOWN))
        self.stdout.write(
            json.dumps(rows, cls=DjangoJSONEncoder, indent=2) if options["json"] else table(rows)
        )


def table(rows: list[dict[str, Any]]) -> str:
    """Return the days in columns; a day that is still counted ends with a mark."""
    lines = [" ".join(f"{title:>{width(title)}}" for title in COLUMNS)]
    for row in rows:
        cells = [f"{shown(row[name]):>{width(name)}}" for name in COLUMNS]
        lines.append(" ".join(cells) + ("" if row["closed_at"] else "  …"))
    return "\n".join(lines)


def width(title: str) -> int:
    """Return how wide the column is."""
    return max(len(title), 10)


def shown(value: object) -> str:
    """Return a value as people read it; nothing is known as a dash."""
    return "-" if value is None else str(value)


def day(raw: str) -> date:
    """Return the day, or raise ArgumentTypeError."""
    try:
        return date.fromisoformat(raw)
    except ValueError as error:
        raise ArgumentTypeError(f"{raw} is no day such as 2026-11-22") from error
