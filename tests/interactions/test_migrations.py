"""A migration that failed may simply be run again, and one that blocks nobody waits for whoever looks at an older state."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from config.management.commands.lint_migrations import OUR_APPS
from puppies.postgres.indexes import AddIndexAgain, RemoveIndexAgain, RunPatiently
from puppies.sql import execute
from tests.elsewhere import Elsewhere

BEFORE, LIKES_BY_TIME = "0005_fill_like_ids", "0006_likes_by_time"
INDEXES = """
SELECT indexrelid::regclass::text, indisvalid FROM pg_index
 WHERE indrelid = 'interactions_like'::regclass AND indexrelid::regclass::text IN ('like_newest', 'like_by_post') ORDER BY 1
"""


def migrate(name: str | None = None) -> None:
    """Bring likes to this migration, or everything to the newest."""
    executor = MigrationExecutor(connection)
    executor.migrate([("interactions", name)] if name else executor.loader.graph.leaf_nodes())


def indexes() -> list[tuple[str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(INDEXES)
        return list(cursor.fetchall())


@pytest.fixture
def before(transactional_db: None) -> Iterator[None]:
    """The tables as they were before likes had an index by time."""
    migrate(BEFORE)
    yield
    connection.close()
    migrate()


@pytest.fixture
def elsewhere(before: None) -> Iterator[Elsewhere]:
    other = Elsewhere()
    yield other
    other.close()


def look() -> None:
    """Look at the database as it is now until the transaction ends, as a dump does."""
    execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", {})
    execute("SELECT count(*) FROM interactions_comment", {})


def test_what_failed_half_way_is_run_again(elsewhere: Elsewhere) -> None:
    assert indexes() == [("like_by_post", True)]
    with elsewhere.transaction():
        elsewhere.do(look)
        execute("SET statement_timeout = '300ms'", {})
        for _ in range(2):
            with pytest.raises(OperationalError, match="statement timeout"):
                migrate(LIKES_BY_TIME)
            assert indexes() == [("like_by_post", True), ("like_newest", False)]
    execute("RESET statement_timeout", {})

    migrate(LIKES_BY_TIME)

    assert indexes() == [("like_newest", True)]


def test_who_blocks_nobody_waits_longer_than_for_other_locks(elsewhere: Elsewhere) -> None:
    elsewhere.do(lambda: execute("SET lock_timeout = '100ms'", {}))
    with transaction.atomic():
        look()
        migrating = elsewhere.start(lambda: migrate(LIKES_BY_TIME))
        execute("SELECT pg_sleep(0.4)", {})
        assert not migrating.done()
    migrating.result(timeout=30)

    assert indexes() == [("like_newest", True)]
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() != ("0",)


def operations(operation: Operation) -> list[Operation]:
    if isinstance(operation, SeparateDatabaseAndState):
        return [inner for outer in operation.database_operations for inner in operations(outer)]
    return [operation]


def may_be_run_again(operation: Operation) -> bool:
    if isinstance(operation, RunSQL) and not isinstance(operation, RunPatiently):
        return "DROP CONSTRAINT IF EXISTS" in str(operation.sql)
    return isinstance(operation, AddIndexAgain | RemoveIndexAgain | RunPatiently | RunPython)


@pytest.mark.parametrize("label", OUR_APPS)
def test_every_step_outside_a_transaction_may_be_run_again(label: str) -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    steps = [
        (migration.name, inner)
        for (app, _), migration in loader.disk_migrations.items()
        if app == label and not migration.atomic
        for outer in migration.operations
        for inner in operations(outer)
    ]

    assert [(name, step) for name, step in steps if not may_be_run_again(step)] == []
