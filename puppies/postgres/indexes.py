"""Indexes that are made and removed beside whoever writes, by operations that may be run again after a failure.

Such a step waits for everybody who looks at an older state of the database, and blocks nobody meanwhile: so it may wait longer than
`lock_timeout`. One that fails leaves an index behind that is not valid, under the name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db.migrations import RunSQL


@contextmanager
def patient(schema_editor: Any) -> Iterator[None]:
    """Wait for locks as long as it takes."""
    schema_editor.execute("SET lock_timeout = 0")
    try:
        yield
    finally:
        if not schema_editor.connection.in_atomic_block:
            schema_editor.execute("RESET lock_timeout")


class AddIndexAgain(AddIndexConcurrently):
    """`AddIndexConcurrently`; what a failure left behind is replaced."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._ensure_not_in_transaction(schema_editor)
        with patient(schema_editor):
            schema_editor.execute(
                f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.index.name)}"
            )
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with patient(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class RemoveIndexAgain(RemoveIndexConcurrently):
    """`RemoveIndexConcurrently`; it may be gone already, or what a failure left behind when it is made again."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with patient(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._ensure_not_in_transaction(schema_editor)
        with patient(schema_editor):
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.name)}")
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class RunPatiently(RunSQL):
    """`RunSQL` that waits for locks as long as it takes: for statements that block nobody."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with patient(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with patient(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)
