"""Hot statements, prepared once per connection.

Planning is the larger half of a hot query's cost, so a `Statement` is PREPAREd the first time a connection meets it and EXECUTEd from
then on. `PREPARED_STATEMENTS = False` (a transaction pooler in between) sends it plain.

The planner believes what it last counted. A table that is empty between two bursts, as the ledger is, counts as free to read whole, and
a plan made then is kept while the table grows. What is marked `by_index` is planned as if reading a table whole were not possible.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, cast

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections

from puppies.postgres.base import DatabaseWrapper

_PARAMETER = re.compile(r"\$(\d+)")
# Travels before the statement and ends with its transaction. Left to choose, the server plans anew for each parameter when that looks
# cheaper than the kept plan; it counts the planning as much less than it costs.
BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan; "


@dataclass(frozen=True)
class Statement:
    """SQL with numbered parameters `$1 …`, their types in order (`("bigint", "integer")`).

    `by_index`: the plan finds its rows by indexes, whatever the statistics say.
    """

    name: str
    sql: str
    types: tuple[str, ...]
    by_index: bool = False

    def rows(self, *parameters: object, first: str = "") -> list[tuple[Any, ...]]:
        """Every row of the answer. `first` is SQL that travels before the statement, without a round trip of its own."""
        database = cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
        if not settings.PREPARED_STATEMENTS:
            names = {f"p{place}": value for place, value in enumerate(parameters, 1)}
            return database.rows(first + self._plain, names)
        if self._key not in database.prepared():
            # `first` may be what ends a failed state of the transaction, so that it comes before the preparation too.
            with database.cursor() as cursor:
                cursor.execute(f"{first} PREPARE {self._key} ({', '.join(self.types)}) AS {self.sql}")
            database.prepared().add(self._key)
            first = ""
        return database.rows(first + self._execute, parameters)

    @cached_property
    def _key(self) -> str:
        # The text is part of the name: a reloaded process on a pooled connection never meets an older text.
        return f"{self.name}_{blake2b(self.sql.encode(), digest_size=6).hexdigest()}"

    @cached_property
    def _execute(self) -> str:
        return f"{self._settings}EXECUTE {self._key} ({', '.join(['%s'] * len(self.types))})"

    @cached_property
    def _plain(self) -> str:
        casts = dict(enumerate(self.types, 1))
        escaped = self.sql.replace("%", "%%")
        return self._settings + _PARAMETER.sub(
            lambda match: f"%(p{match[1]})s::{casts[int(match[1])]}", escaped
        )

    @property
    def _settings(self) -> str:
        return BY_INDEX if self.by_index else ""


def execute(sql: str, parameters: Mapping[str, Any]) -> int:
    """Run one statement of named parameters; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)
