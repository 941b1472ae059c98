"""What each app holds of an account: how it is written out for its owner, and how it is erased.

Apps list theirs in `personal_data.py`, as a table. The erasers run in the order of INSTALLED_APPS, so what stands above (feeds) is
erased before what it stands on (posts, follows, the account).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Section:
    """One file of an archive: `<name>.json`, an array of `present(row)` for the rows of an account, walked by the unique `key`."""

    name: str
    rows: Callable[[int], QuerySet[Any]]
    key: str
    present: Callable[[Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Eraser:
    """`erase(user_id)` removes the next batch of one kind of rows; False when there is nothing left."""

    name: str
    erase: Callable[[int], bool]


_sections: dict[str, Section] = {}
_erasers: dict[str, Eraser] = {}


def hold(*table: Section | Eraser) -> None:
    """Add the rows of an app's table; adding one again changes nothing."""
    for row in table:
        if isinstance(row, Section):
            _sections.setdefault(row.name, row)
        else:
            _erasers.setdefault(row.name, row)


def sections() -> tuple[Section, ...]:
    """The files of an archive, in the order they were added."""
    return tuple(_sections.values())


def erasers() -> tuple[Eraser, ...]:
    """What removes an account, in the order in which it must be done."""
    return tuple(_erasers.values())
