"""What a client meets while every process of the API is busy: it waits, and only so many do."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from config.stack.ports import HOST, free_port
from config.stack.programs import Program
from tests.flows.installation import Installation

Ask = Callable[[str], socket.socket]

CONNECTIONS = 3
QUIET_SECONDS = 1.0
ANSWER_SECONDS = 10.0


@pytest.fixture
def api(installation: Installation, tmp_path: Path) -> Iterator[Program]:
    """One process that holds three connections, started as the API is, on the same stores."""
    (tmp_path / "logs").mkdir()
    roles = replace(
        installation.roles,
        data_dir=tmp_path,
        port=free_port(),
        web_workers=1,
        web_connections=CONNECTIONS,
    )
    program = roles.api()
    program.start()
    try:
        program.wait_ready()
        yield program
    finally:
        program.kill()


@pytest.fixture
def ask(api: Program) -> Iterator[Ask]:
    """`ask("/livez")`: a new connection over which this was asked, nothing read yet."""
    with ExitStack() as connections:

        def asked(path: str) -> socket.socket:
            connection = connections.enter_context(socket.create_connection((HOST, api.port or 0)))
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            return connection

        yield asked


def status(connection: socket.socket) -> int:
    connection.settimeout(ANSWER_SECONDS)
    return int(connection.recv(65_536).split()[1])


def is_quiet(connection: socket.socket) -> bool:
    """Nothing is answered for a second."""
    connection.settimeout(QUIET_SECONDS)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return True
    return False


def test_whoever_comes_to_a_busy_process_waits_and_is_answered_in_the_end(
    installation: Installation, ask: Ask
) -> None:
    with installation.transaction() as cursor:
        cursor.execute("LOCK TABLE posts_post IN ACCESS EXCLUSIVE MODE")
        held = ask("/v1/posts/1")
        installation.wait_blocked("posts_post")
        behind = ask("/livez")
        waits = is_quiet(behind)

    assert waits
    assert (status(held), status(behind)) == (404, 200)


def test_a_process_takes_no_more_connections_than_it_may_hold_idle_ones_included(ask: Ask) -> None:
    inside = [ask("/livez") for _ in range(CONNECTIONS)]
    answers = [status(connection) for connection in inside]
    outside = ask("/livez")
    waits = is_quiet(outside)
    inside[0].close()

    assert answers == [200] * CONNECTIONS
    assert waits
    assert status(outside) == 200
