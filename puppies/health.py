"""Whether this process can serve."""

from django.db import Error, connection


def database_answers() -> bool:
    """Whether PostgreSQL answers a query on this process's connection."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone())
    except Error:
        connection.close()
        return False
