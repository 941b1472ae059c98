"""Ids: time-sortable 64-bit integers made by PostgreSQL.

The upper 41 bits are milliseconds since 2026-01-01 UTC, the lower 22 come from one sequence, so that neither processes nor hosts
need a worker id. Ids taken in one millisecond are distinct until the sequence has gone round (4,194,304 ids a millisecond). They
become *visible* in commit order, which is not id order.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, models

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
SEQUENCE_BITS = 22
MAX_ID = 2**63 - 1


class NextId(models.Func):
    """The database's next id, for `db_default`."""

    function = "puppies_next_id"
    template = "%(function)s()"
    output_field = models.BigIntegerField()


class IdField(models.BigIntegerField):  # type: ignore[type-arg]
    """A primary key filled by the database."""

    def __init__(self, **options: Any) -> None:
        defaults: dict[str, Any] = {"primary_key": True, "db_default": NextId(), "editable": False}
        super().__init__(**defaults | options)


def next_id() -> int:
    """Take one id from the database, for a row that must know its id before it is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT puppies_next_id()")
        (value,) = cursor.fetchone()
    return int(value)


def created_at(identifier: int) -> datetime:
    """The instant at which the id was taken, to the millisecond."""
    return EPOCH + timedelta(milliseconds=identifier >> SEQUENCE_BITS)


def first_id_at(instant: datetime) -> int:
    """The smallest id that could be taken at `instant`."""
    return (instant - EPOCH) // timedelta(milliseconds=1) << SEQUENCE_BITS


def parse_id(raw: str) -> int | None:
    """The id written in decimal digits in its one spelling, or None for what cannot be one."""
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 19) or raw.startswith("0"):
        return None
    value = int(raw)
    return value if 0 < value <= MAX_ID else None
