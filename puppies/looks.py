"""What a bounded look at a long list found.

A list that passes over rows which its reader may not see would otherwise read as many of these as there are. So a statement looks at so
many rows of its index and no more, whoever may be seen in them, and tells where it stopped.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

Row = TypeVar("Row")
Key = TypeVar("Key")

# Rows that one statement looks at: some hundredths of a second.
LOOKED_AT = 1_000


class Look(list[Row], Generic[Row, Key]):
    """Rows in the order of the look; `until` is the last key that it looked at when there may be more beyond, else None."""

    def __init__(self, rows: Iterable[Row], *, until: Key | None) -> None:
        super().__init__(rows)
        self.until = until
