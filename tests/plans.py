"""Query plans as PostgreSQL tells them, flattened to what a test can ask."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from puppies.sql import Statement


@dataclass(frozen=True)
class Plan:
    """One plan as a list of its nodes, outermost first."""

    nodes: tuple[dict[str, Any], ...]

    def scanned_whole(self) -> set[str]:
        """The tables that are read from end to end."""
        return {node["Relation Name"] for node in self.nodes if node["Node Type"] == "Seq Scan"}

    def indexes(self) -> set[str]:
        return {node["Index Name"] for node in self.nodes if "Index Name" in node}

    def children_of_sorts(self) -> list[dict[str, Any]]:
        """What each Sort sorts, outermost first."""
        return [node["Plans"][0] for node in self._sort_nodes()]

    def sorts(self) -> list[tuple[str, ...]]:
        """The sort keys of every Sort, outermost first."""
        return [tuple(node["Sort Key"]) for node in self._sort_nodes()]

    def _sort_nodes(self) -> list[dict[str, Any]]:
        return [node for node in self.nodes if node["Node Type"] in {"Sort", "Incremental Sort"}]


def analyze(*tables: str) -> None:
    """Let the planner know what is in these tables."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {table}")


@contextmanager
def filled(sql: str, *tables: str) -> Iterator[None]:
    """Within the block the database holds what `sql` writes, and the planner knows of it; rolled back after.

    For all questions of a module, which may take longer than a request's transaction may.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL transaction_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;"
                " SET LOCAL statement_timeout = 0"
            )
            cursor.execute(sql)
        analyze(*tables)
        yield
        transaction.set_rollback(True)


def fill_accounts(count: int) -> None:
    """Make accounts `user_1` … with addresses `1@example.test` …, and let the planner know: a few rows are read faster than any index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_user (id, username, email, password, is_superuser, created_at)"
            " SELECT n, 'user_' || n, n || '@example.test', '!', false, now() FROM generate_series(1, %s) AS n",
            [count],
        )
    analyze("accounts_user")


def plan_of(sql: str, parameters: Mapping[str, Any] | tuple[Any, ...] = ()) -> Plan:
    """The plan of a statement with these parameters; nothing is executed."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters or None)
        (found,) = cursor.fetchone()
    document = json.loads(found) if isinstance(found, str) else found
    return Plan(tuple(_nodes(document[0]["Plan"])))


def generic_plan_of(statement: Statement, *parameters: object) -> Plan:
    """The plan that a prepared statement has for any parameters."""
    return plan_of(execution_of(statement, *parameters), parameters)


def execution_of(statement: Statement, *parameters: object) -> str:
    """What executes the statement, prepared, by the plan that it has for any parameters."""
    statement.rows(*parameters)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        # By its whole name: another statement's may begin with it.
        cursor.execute(
            "SELECT name FROM pg_prepared_statements WHERE name ~ %s", [f"^{statement.name}_[0-9a-f]+$"]
        )
        (name,) = cursor.fetchone()
    return f"EXECUTE {name} ({', '.join(['%s'] * len(parameters))})"


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
