"""Named `base` because Django looks for an engine's wrapper there."""

import select
from collections.abc import Mapping, Sequence
from datetime import timezone
from typing import Any

from django.db.backends.postgresql import base

from puppies import deadline

# What may stand around a query without Django's cursor: nothing, or the bound of a deadline, which `rows` minds itself.
_MINDED: tuple[list[Any], ...] = ([], [deadline.bound])


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that survives a restart of the server between two requests, and reads hot statements with little around them.

    Django asks `is_usable` at the first query of a request (CONN_HEALTH_CHECKS). Its own answer costs a round trip each time; a socket
    on which nothing was asked is readable only when the server has closed it, and to look costs a microsecond.
    """

    # What Django's own returns for UTC, which every connection is set to, without a call into Python for each instant of a row.
    tzinfo_factory = timezone  # type: ignore[assignment]  # it is called with a timedelta

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._prepared: set[str] = set()

    def is_usable(self) -> bool:
        """Whether the server still holds its end; after an error the server itself is asked."""
        if self.errors_occurred:
            return bool(super().is_usable())
        if self.connection is None or self.connection.closed:
            return False
        poller = select.poll()
        poller.register(self.connection.fileno(), select.POLLIN)
        return not poller.poll(0)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self._prepared = set()
        return super().get_new_connection(conn_params)

    def prepared(self) -> set[str]:
        """The names of the statements that the connection has prepared; the connection is made, or made again, when it is gone."""
        self.close_if_health_check_failed()
        if self.connection is None:
            self.ensure_connection()
        return self._prepared

    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Every row of the answer to one statement. Raises what Django's cursor raises.

        On psycopg2's own cursor, for Django's costs a fifth of a hot statement; unless somebody counts or wraps the queries.
        """
        if self.queries_logged or self.execute_wrappers not in _MINDED:
            with self.cursor() as cursor:
                cursor.execute(sql, parameters)
                return list(cursor.fetchall())
        self.prepared()
        self.validate_thread_sharing()
        self.validate_no_broken_transaction()
        if self.execute_wrappers:
            sql = deadline.bounded(sql, in_transaction=self.in_atomic_block)
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.tzinfo_factory = self.tzinfo_factory
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())
