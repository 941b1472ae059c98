"""Tables that somebody else holds."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from django.db import connection


@contextmanager
def locked(*tables: str) -> Iterator[None]:
    """Another transaction holds these tables so that nobody can even read them."""
    address = connection.get_connection_params()
    other = psycopg2.connect(**{key: address[key] for key in ("dbname", "user", "password", "host", "port")})
    try:
        with other.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        other.close()
