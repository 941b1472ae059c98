from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import DataError, Error, connection, transaction
from pytest_django import DjangoAssertNumQueries, Settings

from puppies.sql import Statement, execute
from tests.database import lose_the_connection
from tests.threads import on_own_connection

SUM = Statement(
    name="tests_sum",
    sql="SELECT n + $1, n::text LIKE '1%' FROM generate_series(1, $2) AS n WHERE n <> $1 ORDER BY n",
    types=("bigint", "integer"),
)
ROWS = [(4, True), (5, False), (7, False)]


def prepared(name: str) -> list[int]:
    """How often each statement of this name was executed under a plan of its own, on this connection."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE name LIKE %s", [f"{name}%"]
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
def test_a_statement_is_prepared_once_and_executed_each_time() -> None:
    connection.close()

    answers = [SUM.rows(3, 4) for _ in range(3)]

    assert answers == [ROWS, ROWS, ROWS]
    assert prepared("tests_sum") == [3]


@pytest.mark.django_db(transaction=True)
def test_a_statement_sent_plain_gives_the_same_rows(settings: Settings) -> None:
    connection.close()
    settings.PREPARED_STATEMENTS = False

    answer = SUM.rows(3, 4)

    assert answer == ROWS
    assert prepared("tests_sum") == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_prepared", [True, False])
def test_what_travels_first_and_how_it_is_planned_go_with_a_statement(
    settings: Settings, is_prepared: bool
) -> None:
    settings.PREPARED_STATEMENTS = is_prepared
    planned = Statement(
        name="tests_planned",
        sql="SELECT current_setting('enable_seqscan'), current_setting('tests.first') || $1",
        types=("text",),
        by_index=True,
    )

    answers = [planned.rows("!", first=f"SET tests.first = '{word}';") for word in ("one", "two")]

    assert answers == [[("off", "one!")], [("off", "two!")]]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('enable_seqscan')")
        assert cursor.fetchone() == ("on",)


@pytest.mark.django_db(transaction=True)
def test_a_statement_survives_the_transaction_that_prepared_it() -> None:
    connection.close()

    with transaction.atomic():
        SUM.rows(3, 4)
        transaction.set_rollback(True)

    assert SUM.rows(3, 4) == ROWS
    assert prepared("tests_sum") == [2]


@pytest.mark.django_db(transaction=True)
def test_a_statement_refused_by_a_broken_transaction_is_prepared_later() -> None:
    connection.close()
    with transaction.atomic():
        with pytest.raises(Error), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        with pytest.raises(Error, match="current transaction is aborted"):
            SUM.rows(3, 4)
        transaction.set_rollback(True)

    answer = SUM.rows(3, 4)

    assert answer == ROWS
    assert prepared("tests_sum") == [1]


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_prepares_its_own() -> None:
    SUM.rows(3, 4)
    connection.close()

    assert SUM.rows(3, 4) == ROWS
    assert prepared("tests_sum") == [1]
    assert on_own_connection(lambda: (SUM.rows(3, 4), prepared("tests_sum"))) == (ROWS, [1])


@pytest.mark.django_db(transaction=True)
def test_another_text_is_another_statement() -> None:
    connection.close()
    other = Statement(name="tests_sum", sql="SELECT $1 * $2", types=("bigint", "integer"))

    assert (SUM.rows(3, 4), other.rows(3, 4)) == (ROWS, [(12,)])
    assert prepared("tests_sum") == [1, 1]


@pytest.mark.django_db
def test_execute_tells_how_many_rows_it_touched() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE tests_bowl (food text) ON COMMIT DROP")

    inserted = execute("INSERT INTO tests_bowl SELECT %(food)s FROM generate_series(1, 3)", {"food": "100 %"})

    assert inserted == 3
    assert execute("DELETE FROM tests_bowl WHERE food <> %(food)s", {"food": "100 %"}) == 0


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_the_server_refuses_raises_djangos_error_and_the_connection_lives_on() -> None:
    division = Statement(name="tests_division", sql="SELECT 1 / $1", types=("integer",))

    with pytest.raises(DataError, match="division by zero"):
        division.rows(0)

    assert division.rows(1) == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_a_statement_is_not_sent_in_a_transaction_that_will_be_rolled_back() -> None:
    SUM.rows(3, 4)

    with transaction.atomic():
        transaction.set_rollback(True)

        with pytest.raises(transaction.TransactionManagementError):
            SUM.rows(3, 4)


@pytest.mark.django_db(transaction=True)
def test_a_statement_is_counted_and_wrapped_like_any_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    SUM.rows(3, 4)
    seen: list[str] = []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    with django_assert_num_queries(1):
        SUM.rows(3, 4)
    with connection.execute_wrapper(watch):
        SUM.rows(3, 4)

    assert [sql.startswith("EXECUTE tests_sum") for sql in seen] == [True]


@pytest.mark.django_db(transaction=True)
def test_a_statement_in_the_next_request_finds_a_connection_that_has_died() -> None:
    SUM.rows(3, 4)
    lose_the_connection()

    request_finished.send(None)

    assert SUM.rows(3, 4) == ROWS
    assert prepared("tests_sum") == [1]
