"""`manage.py` as typed in a shell: what the developer can mend is one line, not a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from config.stack.ports import free_port

ROOT = Path(settings.BASE_DIR)
MANAGE = ROOT / "manage.py"


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(MANAGE), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=60,
    )


def test_it_may_be_executed() -> None:
    assert os.access(MANAGE, os.X_OK)


@pytest.mark.parametrize(
    "command", ["verify", "dead_letters list", "seed", "prepare", "grant_role bella admin", "migrate"]
)
def test_a_database_that_is_away_is_told_in_one_line(command: str) -> None:
    port = free_port()

    done = manage(*command.split(), DATABASE_URL=f"postgres://puppies:secret@127.0.0.1:{port}/puppies")

    assert done.returncode == 1
    place = f"PostgreSQL at 127.0.0.1:{port} does not answer (Connection refused)."
    assert done.stderr == f"{place} Type `make up`; `make doctor` says more.\n"


def test_a_wrong_password_is_told_and_not_repeated() -> None:
    address = settings.DATABASE_ADDRESS
    place = f"{address.host}:{address.port}"

    done = manage("seed", DATABASE_URL=f"postgres://{address.user}:wrong@{place}/{address.name}")

    assert done.returncode == 1
    assert done.stderr.startswith(f"PostgreSQL at {place} does not answer (FATAL:  password authentication")
    assert "wrong" not in done.stderr


def test_a_statement_that_fails_is_not_taken_for_a_server_that_is_away() -> None:
    address = settings.DATABASE_ADDRESS
    url = f"postgres://{address.user}:{address.password}@{address.host}:{address.port}/{address.name}"
    sleep = "from django.db import connection as c; c.cursor().execute('SELECT pg_sleep(5)')"

    done = manage("shell", "--command", sleep, DATABASE_URL=url, DATABASE_STATEMENT_TIMEOUT_MS="100")

    assert done.returncode == 1
    assert "canceling statement due to statement timeout" in done.stderr
    assert "does not answer" not in done.stderr


@pytest.mark.parametrize("command", ["up", "verify", "migrate"])
def test_a_setting_that_does_not_fit_is_told_in_one_line(command: str) -> None:
    done = manage(command, PORT="banana")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "PORT must be a whole number from 1 to 65535: got 'banana'.\n"


def test_a_python_without_django_is_told_which_to_type() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(MANAGE), "verify"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.startswith("This Python has no Django. Type `.venv/bin/python manage.py …`")
