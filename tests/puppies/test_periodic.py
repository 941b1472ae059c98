"""Periodic tasks without a database: one line in the log, and the next run does the work."""

import logging

import psycopg2
import pytest
from django.conf import settings
from django.db import ProgrammingError, connection

from puppies.periodic import periodic
from puppies.tasks import remove_done_deliveries


def end_connection() -> None:
    """End this process's connection from the server's side, as a killed PostgreSQL would."""
    address = settings.DATABASE_ADDRESS
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    other = psycopg2.connect(
        host=address.host, port=address.port, user=address.user, password=address.password, dbname="postgres"
    )
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            assert cursor.fetchone() == (True,)
    finally:
        other.close()


@pytest.mark.django_db(transaction=True)
def test_a_lost_database_is_one_line_and_the_next_run_works(caplog: pytest.LogCaptureFixture) -> None:
    end_connection()

    with caplog.at_level(logging.INFO):
        remove_done_deliveries()
        connection.close()
        remove_done_deliveries()

    [line] = [record for record in caplog.records if record.name == "puppies.periodic"]
    assert line.getMessage().startswith("task_without_database task=puppies.remove_done_deliveries error=")
    assert "\n" not in line.getMessage()
    assert line.exc_info is None


def test_any_other_error_is_not_swallowed() -> None:
    @periodic(name="tests.broken")
    def broken() -> None:
        raise ProgrammingError("no such table")

    with pytest.raises(ProgrammingError, match="no such table"):
        broken()
