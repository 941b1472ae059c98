"""What one `up` leaves for the next, for `status` and `down`: identities, locks, the file, chosen ports."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from config.stack.checks import port_finding
from config.stack.errors import StackError
from config.stack.ports import HOST, is_free, other_port
from config.stack.processes import Identity, end_processes
from config.stack.programs import ROOT
from config.stack.state import PartRecord, RunLock, Snapshot, StackFile
from config.stack.up import given_environment, require_port, stores_to_start
from config.stack.welcome import already_running


def test_a_snapshot_is_read_as_it_was_written_and_only_by_its_owner(tmp_path: Path) -> None:
    me = Identity.of(os.getpid())
    snapshot = Snapshot(
        environment={"REDIS_URL": "redis://127.0.0.1:1/0"},
        ports={"valkey": 1},
        addresses={"api": "http://127.0.0.1:8000/v1"},
        supervisor=me,
        parts=[PartRecord(name="valkey", state="running", since=1.5, port=1, process=me)],
    )
    file = StackFile(tmp_path)

    file.write(snapshot)

    assert file.read() == snapshot
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert snapshot.is_running


@pytest.mark.parametrize("content", ["", "{", "[]", '{"environment": 7}', '{"environment": {}}'])
def test_a_file_that_cannot_be_understood_counts_as_none(tmp_path: Path, content: str) -> None:
    file = StackFile(tmp_path)
    file.path.write_text(content)

    assert file.read() == Snapshot()


def test_the_file_says_environment_where_the_settings_look_for_it(tmp_path: Path) -> None:
    file = StackFile(tmp_path)

    file.write(Snapshot(environment={"DATABASE_URL": "postgres://a:b@c:1/d"}))

    assert json.loads(file.path.read_text())["environment"] == {"DATABASE_URL": "postgres://a:b@c:1/d"}


def test_the_lock_is_held_by_one_and_free_again_after(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path), RunLock(tmp_path)

    assert (first.take(), second.take()) == (True, False)
    first.release()
    assert second.take()
    second.release()


def test_another_process_with_the_same_pid_is_not_taken_for_ours() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        ours = Identity.of(stranger.pid)
        earlier = replace(ours, started=ours.started - 60)

        ended = end_processes([earlier], seconds=1, first=signal.SIGTERM)

        assert (ended, stranger.poll()) == ([], None)
        assert end_processes([ours], seconds=1, first=signal.SIGTERM) == [ours]


def test_a_taken_port_is_told_with_the_port_to_type() -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(StackError, match=rf"Port {port} on 127\.0\.0\.1 is taken.*PORT=\d+ make up"):
            require_port(port)


def test_the_doctor_advises_the_port_that_up_advises() -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]

        found = port_finding(port, is_ours=False)
        with pytest.raises(StackError) as refusal:
            require_port(port)

    assert not found.is_good
    [advised] = re.findall(r"PORT=\d+ make up", found.advice)
    assert advised in str(refusal.value)


def test_the_port_advised_for_8000_is_the_one_in_the_readme() -> None:
    advised = other_port(8000)

    assert "`PORT=8010 make up`" in (ROOT / "README.md").read_text()
    assert advised == 8010 or not is_free(8010)


def test_a_port_is_advised_even_for_the_last_one() -> None:
    assert 0 < other_port(65_535) < 65_535


def test_a_second_up_is_told_where_the_first_answers() -> None:
    me = Identity.of(os.getpid())
    snapshot = Snapshot(supervisor=me, addresses={"api": "http://127.0.0.1:8000/v1"})

    text = already_running(snapshot)

    assert f"Puppies runs already (pid {me.pid})" in text
    assert "http://127.0.0.1:8000/v1" in text
    assert "make down" in text


def test_a_store_that_the_environment_names_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("REDIS_URL", "KAFKA_BOOTSTRAP", "S3_ENDPOINT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgres://puppies:secret@db.example:5432/puppies")

    stores = stores_to_start(tmp_path, recorded={})

    assert [server.name for server in stores] == ["valkey", "kafka", "s3"]
    assert given_environment()["DATABASE_URL"] == "postgres://puppies:secret@db.example:5432/puppies"


def test_former_ports_are_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DATABASE_URL", "REDIS_URL", "KAFKA_BOOTSTRAP", "S3_ENDPOINT"):
        monkeypatch.delenv(variable, raising=False)
    former = stores_to_start(tmp_path, recorded={}).ports

    assert stores_to_start(tmp_path, recorded=former).ports == former
