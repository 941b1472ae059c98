"""What lies in the database, to be compared before and after; and how it goes away."""

from django.db import connection

# `social` is the app that keeps identities.
APPS = {"accounts", "social", "posts", "interactions", "feeds", "puppies"}


def everything_stored() -> list[tuple[str, str]]:
    """A digest of each table of the product."""
    tables = [name for name in connection.introspection.table_names() if name.split("_")[0] in APPS]
    return [(table, _digest(table)) for table in sorted(tables)]


def count_of(table: str) -> int:
    """How many rows the table has."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of the tests
        return int(cursor.fetchone()[0])


def lose_the_connection() -> None:
    """Let the server end this test's connection, as it does when it is stopped."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    other.close()


def _digest(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(  # the database's own names of tables
            f"SELECT coalesce(md5(string_agg(row::text, '|' ORDER BY row::text)), '') FROM \"{table}\" AS row"  # noqa: S608
        )
        (digest,) = cursor.fetchone()
    return str(digest)
