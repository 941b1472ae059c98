"""A whole Puppies of one's own on given stores: a database, topics, and real processes."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from config.stack.part import Part
from config.stack.ports import HOST, free_port
from config.stack.programs import Program, Roles

QUEUES = ("fanout", "feeds", "counters", "notifications", "maintenance", "analytics")
# A crash is healed by the end of a lease: a short one keeps the tests short.
SETTINGS = {
    "ENVIRONMENT": "test",
    "DEBUG": "0",
    "DELIVERY_LEASE_SECONDS": "2",
    "DELIVERY_BACKOFF_SECONDS": "1",
    "POPULAR_PERIOD_SECONDS": "5",
    "ANALYTICS_SETTLE_SECONDS": "2",
}
OPEN = "SELECT count(*) FROM puppies_delivery WHERE done_at IS NULL"


class Installation:
    """API, relay, one worker of all queues and beat; each a `Program` that a test may stop, kill and start again.

    `environment` names the stores; the database `name` is made on that PostgreSQL, topics and keys are prefixed by it.
    """

    def __init__(
        self, directory: Path, *, name: str, environment: Mapping[str, str], **settings: str
    ) -> None:
        self._server_url = environment["DATABASE_URL"]
        self._name = name
        self.directory = directory
        self.database_url = urlunsplit(urlsplit(self._server_url)._replace(path=f"/{name}"))
        port = free_port()
        own = {
            "DATABASE_URL": self.database_url,
            "DATA_DIR": str(directory),
            "API_HOSTS": f"http://{HOST}:{port}",
        }
        prefixes = {"KAFKA_PREFIX": f"{name}.", "REDIS_PREFIX": f"{name}."}
        self.roles = Roles(
            data_dir=directory,
            port=port,
            environment={**SETTINGS, **environment, **own, **prefixes, **settings},
            web_workers=2,
            concurrency=4,
        )
        self.api = self.roles.api()
        self.relay = self.roles.relay()
        self.beat = self.roles.beat()
        self.worker = self.roles.worker(",".join(QUEUES))
        self._started: list[Part] = []

    @property
    def url(self) -> str:
        """Where the API answers."""
        return f"http://{HOST}:{self.roles.port}"

    def second_relay(self) -> Program:
        """One more relay, not started, with a log of its own."""
        relay = self.roles.relay()
        relay.log = relay.log.with_name("relay-2.log")
        return relay

    def set_up(self) -> None:
        """Make the database and the topics, start everything, return when all of it is ready."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._on_server(
            f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)', f'CREATE DATABASE "{self._name}"'
        )
        self.manage("migrate", "--no-input")
        self.manage("topics")
        self.start(self.relay, self.worker, self.beat, self.api)

    def start(self, *programs: Part) -> None:
        """Start programs side by side; StackError with the end of its log when one does not become ready."""
        for program in programs:
            program.start()
            self._started.append(program)
        for program in programs:
            program.wait_ready()

    def tear_down(self) -> None:
        """End every process that was started, then remove the database."""
        for program in self._started:
            program.kill()
        self._on_server(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')

    def manage(self, *arguments: str, is_refused: bool = False) -> str:
        """Run a management command; its standard output. AssertionError when the exit code is not the expected one."""
        done = subprocess.run(
            self.roles.manage(*arguments),
            env={**os.environ, **self.roles.environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode != 0) == is_refused, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def publish_by_hand(self, deliveries: Sequence[int]) -> None:
        """Put the messages of these deliveries on Kafka in this order, whatever the relay does."""
        tasks = dict(self.rows("SELECT id, task FROM puppies_delivery WHERE id = ANY(%s)", list(deliveries)))
        messages = [(tasks[delivery], delivery) for delivery in deliveries]
        self.manage(
            "shell",
            "-c",
            "from config.celery import app\n"
            f"for task, delivery in {messages}: app.send_task(task, kwargs={{'delivery_id': delivery}})",
        )

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run one statement by itself; its rows, none when it returns nothing."""
        with self.transaction() as cursor:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    def value(self, sql: str, *parameters: Any) -> Any:
        """The one value of the one row."""
        [(value,)] = self.rows(sql, *parameters)
        return value

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """A cursor on a connection of its own; committed at the end."""
        connection = psycopg2.connect(self.database_url, connect_timeout=2)
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def wait_until(self, condition: Callable[[], bool], *, seconds: float = 20, what: str) -> float:
        """Wait for the condition; how long it took. AssertionError with the ends of all logs after `seconds`."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}\n{self.logs()}"
            time.sleep(0.02)
        return time.monotonic() - began

    def wait_delivered(self, *, seconds: float = 20) -> float:
        """Wait until no delivery is open; how long it took."""
        return self.wait_until(lambda: self.value(OPEN) == 0, seconds=seconds, what="every delivery is done")

    def wait_blocked(self, statement: str) -> None:
        """Wait until somebody else's statement, of which this is a part, waits for a lock."""
        sql = """SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE %s"""
        self.wait_until(lambda: self.value(sql, f"%{statement}%") > 0, what=f"{statement} is blocked")

    def logs(self) -> str:
        """The ends of the logs of everything that was started."""
        return "\n".join(
            "\n    ".join([f"{program.name}:", *program.last_lines(100)])
            for program in {id(program): program for program in self._started}.values()
        )

    def _on_server(self, *statements: str) -> None:
        connection = psycopg2.connect(self._server_url, connect_timeout=5)
        connection.autocommit = True
        try:
            for statement in statements:
                with connection.cursor() as cursor:
                    cursor.execute(statement)
        finally:
            connection.close()


@contextmanager
def frozen(program: Part) -> Iterator[None]:
    """The program neither runs nor ends within: SIGSTOP, then SIGCONT."""
    assert program.pid is not None
    os.kill(program.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(program.pid, signal.SIGCONT)
