"""The containers' health check, asked as Compose asks it: a program, an exit code, one line of reason."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from config.stack.ports import free_port
from puppies.models import Delivery

SCRIPT = Path(settings.BASE_DIR) / "deploy" / "healthcheck.py"


def ask(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *words],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


@contextmanager
def answering(status: int, path: str) -> Iterator[str]:
    """A server on a free port that gives `path` this status and anything else 404; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == path else 404)
            self.end_headers()
            self.wfile.write(b"stale")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield str(server.server_address[1])
        server.shutdown()


def database_url() -> str:
    """The URL of the database that this test's transaction is in."""
    at = connection.settings_dict
    return f"postgres://{quote(at['USER'])}:{quote(at['PASSWORD'])}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


@pytest.mark.parametrize(
    ("role", "variable", "path"), [("api", "PORT", "/readyz"), ("worker", "HEALTH_PORT", "/livez")]
)
def test_api_and_worker_are_well_when_they_say_so(role: str, variable: str, path: str) -> None:
    with answering(200, path) as port:
        answer = ask(role, **{variable: port})

    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.parametrize(
    ("role", "variable", "path"), [("api", "PORT", "/readyz"), ("worker", "HEALTH_PORT", "/livez")]
)
def test_api_and_worker_are_ill_when_they_say_so(role: str, variable: str, path: str) -> None:
    with answering(503, path) as port:
        answer = ask(role, **{variable: port})

    assert (answer.returncode, answer.stderr) == (1, f"{path} says 503: stale\n")


def test_a_port_that_does_not_answer_is_ill() -> None:
    port = str(free_port())

    answer = ask("api", PORT=port)

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"Port {port} does not answer: ")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("seconds", "exit_code"), [(30, 0), (90, 1)])
def test_a_relay_is_ill_when_a_delivery_is_long_overdue(seconds: int, exit_code: int) -> None:
    due_at = timezone.now() - timedelta(seconds=seconds)
    Delivery.objects.create(fact="f.v1", payload={}, task="t", partition_key="1", due_at=due_at)

    answer = ask("relay", DATABASE_URL=database_url())

    assert answer.returncode == exit_code
    assert ("1 deliveries are overdue by more than 60 s" in answer.stderr) == bool(exit_code)


@pytest.mark.django_db(transaction=True)
def test_finished_and_dead_deliveries_do_not_make_a_relay_ill() -> None:
    now = timezone.now()
    names = {
        "fact": "f.v1",
        "payload": {},
        "task": "t",
        "partition_key": "1",
        "due_at": now - timedelta(hours=1),
    }
    Delivery.objects.create(**names, done_at=now)
    Delivery.objects.create(**names, dead_at=now)

    assert ask("relay", DATABASE_URL=database_url()).returncode == 0


def test_a_relay_without_its_database_is_ill() -> None:
    answer = ask("relay", DATABASE_URL=f"postgres://nobody:nothing@127.0.0.1:{free_port()}/none")

    assert answer.returncode == 1
    assert answer.stderr.startswith("PostgreSQL does not answer: ")


@pytest.mark.parametrize(("age", "exit_code"), [(0, 0), (300, 0), (500, 1)])
def test_beat_is_ill_when_its_schedule_is_old(tmp_path: Path, age: int, exit_code: int) -> None:
    file = tmp_path / "schedule.db"
    file.touch()
    written = file.stat().st_mtime - age
    os.utime(file, (written, written))

    assert ask("beat", str(tmp_path / "schedule")).returncode == exit_code


def test_beat_is_ill_before_it_has_a_schedule(tmp_path: Path) -> None:
    assert ask("beat", str(tmp_path / "schedule")).returncode == 1


@pytest.mark.parametrize("words", [(), ("cat",), ("beat",), ("api", "now")])
def test_other_words_are_answered_with_the_roles(words: tuple[str, ...]) -> None:
    answer = ask(*words)

    assert answer.returncode == 1
    assert answer.stderr == "Say which role to ask: api, worker, relay, or beat SCHEDULE_FILE.\n"
