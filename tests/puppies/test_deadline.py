"""The bound on a block's queries, with a real server that would take longer."""

import time

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from puppies.deadline import DeadlinePassed, deadline
from puppies.sql import Statement
from tests.locks import locked

pytestmark = pytest.mark.django_db(transaction=True)

CANCELLED = "57014"
PEOPLE = Statement(
    name="tests_people", sql="SELECT count(*) FROM accounts_user WHERE id > $1", types=("bigint",)
)


def sleep(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def timeout_in_force() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        return str(cursor.fetchone()[0])


def code_of(error: OperationalError) -> str | None:
    return getattr(error.__cause__, "pgcode", None)


def test_a_query_that_takes_too_long_is_ended_and_the_connection_lives_on() -> None:
    begin = time.monotonic()

    with pytest.raises(OperationalError) as raised, deadline(50):
        sleep(8)

    assert time.monotonic() - begin < 4
    assert code_of(raised.value) == CANCELLED
    assert User.objects.count() == 0


def test_time_that_passed_before_the_block_counts() -> None:
    PEOPLE.rows(0)

    for ask in (User.objects.count, lambda: PEOPLE.rows(0)):
        with pytest.raises(DeadlinePassed), deadline(1_000, since=time.monotonic() - 1):
            ask()


def test_what_is_left_of_the_time_is_the_bound() -> None:
    with deadline(60_000, since=time.monotonic() - 50):
        bound = timeout_in_force()

    assert (
        9_000
        <= int(bound.removesuffix("ms").removesuffix("s")) * (1 if bound.endswith("ms") else 1_000)
        <= 10_000
    )


@pytest.mark.parametrize("is_known", [False, True])
def test_waiting_for_a_lock_counts_also_where_the_statement_is_prepared(is_known: bool) -> None:
    connection.close()
    if is_known:
        PEOPLE.rows(0)
    begin = time.monotonic()

    with locked("accounts_user"), pytest.raises(OperationalError) as raised, deadline(50):
        PEOPLE.rows(0)

    assert time.monotonic() - begin < 4
    assert code_of(raised.value) == CANCELLED
    assert PEOPLE.rows(0) == [(0,)]


def test_queries_share_the_time_of_their_block() -> None:
    with deadline(50):
        with pytest.raises(OperationalError):
            sleep(8)
        with pytest.raises(DeadlinePassed):
            User.objects.count()


def test_a_block_within_a_block_has_the_nearer_end() -> None:
    with deadline(60_000):
        with deadline(50), pytest.raises(OperationalError):
            sleep(8)
        User.objects.count()
        with pytest.raises(OperationalError), deadline(50), deadline(60_000):
            sleep(8)


def test_it_costs_no_query_and_ends_with_its_block(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    User.objects.count()

    with django_assert_num_queries(1), deadline(5_000):
        within = timeout_in_force()

    assert int(within.removesuffix("ms").removesuffix("s")) <= 5_000
    assert within != timeout_in_force() == f"{settings.STATEMENT_TIMEOUT_MS // 1_000}s"


def test_the_limits_of_a_transaction_are_left_alone() -> None:
    with transaction.atomic(), deadline(50):
        within = timeout_in_force()

    assert within == f"{settings.STATEMENT_TIMEOUT_MS // 1_000}s"
