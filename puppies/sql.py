"""Hot statements, prepared once per connection.

Planning is the larger half of a hot query's cost, so a `Statement` is PREPAREd the first time a connection meets it and EXECUTEd from
then on. `PREPARED_STATEMENTS = False` (a transaction pooler in between) sends it plain.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connection

_PARAMETER = re.compile(r"\$(\d+)")
_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Statement:
    """SQL with numbered parameters `$1 …`, their types in order (`("bigint", "integer")`)."""

    name: str
    sql: str
    types: tuple[str, ...]

    def rows(self, *parameters: object, first: str = "") -> list[tuple[Any, ...]]:
        """Every row of the answer. `first` is SQL that travels before the statement, without a round trip of its own."""
        with connection.cursor() as cursor:
            self._send(cursor, parameters, first)
            return list(cursor.fetchall())

    def _send(self, cursor: Any, parameters: Sequence[object], first: str) -> None:
        if not settings.PREPARED_STATEMENTS:
            names = {f"p{place}": value for place, value in enumerate(parameters, 1)}
            cursor.execute(first + self._plain, names)
            return
        known = _prepared.setdefault(connection.connection, set())
        if self._key not in known:
            # `first` may be what ends a failed state of the transaction, so that it comes before the preparation too.
            cursor.execute(f"{first} PREPARE {self._key} ({', '.join(self.types)}) AS {self.sql}")
            known.add(self._key)
            first = ""
        cursor.execute(first + self._execute, parameters)

    @cached_property
    def _key(self) -> str:
        # The text is part of the name: a reloaded process on a pooled connection never meets an older text.
        return f"{self.name}_{blake2b(self.sql.encode(), digest_size=6).hexdigest()}"

    @cached_property
    def _execute(self) -> str:
        return f"EXECUTE {self._key} ({', '.join(['%s'] * len(self.types))})"

    @cached_property
    def _plain(self) -> str:
        casts = dict(enumerate(self.types, 1))
        escaped = self.sql.replace("%", "%%")
        return _PARAMETER.sub(lambda match: f"%(p{match[1]})s::{casts[int(match[1])]}", escaped)


def execute(sql: str, parameters: Mapping[str, Any]) -> int:
    """Run one statement of named parameters; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)
