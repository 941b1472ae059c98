"""How `make up` ends: in order within 10 s, and leaving nothing behind even when it is killed."""

import os
import signal
import time
from pathlib import Path

import psutil

from config.stack.ports import is_free
from config.stack.postgres import NAMESPACE, namespaces_work
from config.stack.processes import SAME_USER, Identity, wait_until_gone
from config.stack.state import Snapshot
from tests.faults.stack.conftest import System


def family(snapshot: Snapshot) -> list[Identity]:
    """Every process of every part, with what they have started themselves."""
    parents = [psutil.Process(process.pid) for process in snapshot.processes()]
    children = [child for parent in parents for child in parent.children(recursive=True)]
    return [Identity.of(process.pid) for process in (*parents, *children)]


def ports(snapshot: Snapshot) -> list[int]:
    """Every port on which a part listens."""
    return [*snapshot.ports.values(), *(part.port for part in snapshot.parts if part.port)]


def test_a_kill_leaves_nothing_and_the_next_up_ends_within_ten_seconds(new_system: System) -> None:
    new_system.up()
    before = new_system.snapshot()
    processes = family(before)
    assert new_system.process is not None

    new_system.process.kill()
    new_system.process.wait()
    assert wait_until_gone(processes, seconds=15), [process for process in processes if process.is_alive()]

    new_system.up()
    after = new_system.snapshot()
    processes = family(after)
    assert after.environment == before.environment
    assert new_system.answers()

    started = time.monotonic()
    new_system.process.send_signal(signal.SIGINT)
    new_system.process.wait(20)
    assert time.monotonic() - started < 10
    assert [process for process in processes if process.is_alive()] == []
    assert [port for port in ports(after) if not is_free(port)] == []
    assert new_system.process.returncode == 0
    assert new_system.command("status").returncode == 1


def test_a_closed_terminal_ends_it_even_while_it_starts(new_system: System) -> None:
    process = new_system.spawn()
    new_system.until(lambda: "Applying" in new_system.printed(), seconds=30)
    processes = family(new_system.snapshot())

    started = time.monotonic()
    process.send_signal(signal.SIGHUP)
    process.wait(20)

    assert time.monotonic() - started < 10
    assert [process for process in processes if process.is_alive()] == []


def test_an_ordinary_user_needs_nothing_of_root(new_system: System) -> None:
    # Without root's id and rights, as far as this process and its files can see.
    new_system.user = NAMESPACE if os.geteuid() == 0 and namespaces_work() else SAME_USER

    new_system.spawn()
    new_system.until(lambda: "starting relay" in new_system.printed(), seconds=60)
    new_system.end()

    assert (new_system.data_dir / "postgres" / "PG_VERSION").exists()
    assert "stopped" in new_system.printed()


def test_down_ends_it_from_another_terminal(new_system: System) -> None:
    process = new_system.spawn()
    new_system.until(lambda: "Applying" in new_system.printed(), seconds=30)

    done = new_system.command("down")

    assert (done.returncode, done.stdout) == (0, "Stopped.\n")
    assert process.wait(1) == 0


def test_down_with_nothing_running_is_content(new_system: System) -> None:
    done = new_system.command("down")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Nothing runs on the data in {new_system.data_dir}.\n"


def test_down_ends_what_a_killed_up_had_left(new_system: System, tmp_path: Path) -> None:
    process = new_system.spawn()
    new_system.until(lambda: "Applying" in new_system.printed(), seconds=30)
    part = new_system.part("postgres").process
    assert part is not None
    # Stopped, it cannot answer the kernel's signal: as on a system where no such signal is sent.
    os.kill(part.pid, signal.SIGSTOP)

    process.kill()
    process.wait()
    done = new_system.command("down")

    assert done.returncode == 0, done.stderr
    assert "ended" in done.stdout
    assert not part.is_alive()
