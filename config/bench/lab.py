"""A laboratory: private stores with an empty schema, and programs, all gone at the end."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg2
from django.conf import settings

from config.stack import StackError, Stores
from config.stack.part import Part
from config.stack.ports import free_port
from config.stack.programs import PYTHON, Roles

T = TypeVar("T")

WEB_WORKERS = 2
CONCURRENCY = 4


class Lab:
    """Stores, their addresses, and how programs are started on them."""

    def __init__(self, directory: Path, stores: Stores, *, secret_key: str) -> None:
        self.directory = directory
        self.stores = stores
        self.environment = {
            **stores.environment(),
            "DATA_DIR": str(directory),
            "ENVIRONMENT": "development",
            "DEBUG": "0",
            "LOG_LEVEL": "INFO",
            "KAFKA_PREFIX": "",
            "REDIS_PREFIX": "",
            # The tokens of the readers are made here and checked there.
            "SECRET_KEY": secret_key,
            "JWT_KEYS_DIR": str(settings.JWT_KEYS_DIR),
            # All the load comes from one address.
            "LIMITS_FACTOR": "1000000",
        }
        self.roles = Roles(
            data_dir=directory,
            port=free_port(taken=list(stores.ports.values())),
            environment=self.environment,
            web_workers=WEB_WORKERS,
            concurrency=CONCURRENCY,
        )

    def manage(self, *arguments: str) -> None:
        """Run a management command to its end, or raise StackError with what it said."""
        environment = {**os.environ, **PYTHON, **self.environment}
        done = subprocess.run(
            self.roles.manage(*arguments), capture_output=True, text=True, check=False, env=environment
        )
        if done.returncode != 0:
            raise StackError(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")

    @contextmanager
    def database(self) -> Iterator[Any]:
        """A cursor of the private database; every statement is its own transaction."""
        connection = psycopg2.connect(self.environment["DATABASE_URL"])
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    @contextmanager
    def running(self, *parts: Part) -> Iterator[None]:
        """The programs, ready; stopped afterwards whatever happens."""
        try:
            for part in parts:
                part.start()
            for part in parts:
                part.wait_ready()
            yield
        finally:
            for part in parts:
                part.ask_to_stop()
            for part in parts:
                part.finish(deadline=time.monotonic() + part.stop_seconds)


@contextmanager
def laboratory(only: Collection[str], *, secret_key: str) -> Iterator[Lab]:
    """A laboratory with the named stores, durable as in earnest; nothing is left of it afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="puppies-bench-"))
    stores = Stores(directory, only=only)
    try:
        with stores:
            yield Lab(directory, stores, secret_key=secret_key)
    finally:
        # A server may have had to put its data elsewhere.
        for place in (directory, *(server.directory for server in stores)):
            shutil.rmtree(place, ignore_errors=True)


def alternate(rounds: int, contestants: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Run the contestants in turn, so that what else the machine does meets all alike; a first round is not counted."""
    results: dict[str, list[T]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, run in contestants.items():
            result = run()
            if number:
                results[name].append(result)
    return results
