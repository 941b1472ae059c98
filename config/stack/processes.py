"""Starting, recognising and ending processes that are surely ours."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LAUNCHER = Path(__file__).with_name("launch.py")
SAME_USER = "same"
LOG_LIMIT = 10_000_000


@dataclass(frozen=True)
class Identity:
    """A process, told apart from a later one with its pid by when it started (epoch seconds)."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """Return the identity of a running process, or raise psutil.NoSuchProcess."""
        return cls(pid=pid, started=psutil.Process(pid).create_time())

    def is_alive(self) -> bool:
        """Tell whether this very process still runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            return (
                abs(process.create_time() - self.started) < 0.1 and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return False


def launcher(user: str = SAME_USER, *, tied_by: signal.Signals | None = None) -> list[str]:
    """Return the words that go before a command, so that it runs as `user` and ends with this process.

    A process is tied to the thread that started it, so only the main thread, which lives to the end, ties.
    """
    tie = tied_by is not None and threading.current_thread() is threading.main_thread()
    parent, number = (os.getpid(), int(tied_by or 0)) if tie else (0, 0)
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(parent), str(number), user]


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    user: str = SAME_USER,
    tied_by: signal.Signals = signal.SIGTERM,
    directory: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, its output appended to the log file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    rotate(log)
    with log.open("ab") as output:
        return subprocess.Popen(
            [*launcher(user, tied_by=tied_by), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=directory,
            start_new_session=True,
        )


def rotate(log: Path) -> None:
    """Keep a log from growing for ever: past 10 MB the file becomes `NAME.log.1`."""
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_name(log.name + ".1"))


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to every process of the session leader's group; none left is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def end_processes(identities: Iterable[Identity], *, seconds: float, first: signal.Signals) -> list[Identity]:
    """End those that still run with `first`, then with SIGKILL, groups included; return which they were."""
    alive = [identity for identity in identities if identity.is_alive()]
    for identity in alive:
        os.kill(identity.pid, first)
    wait_until_gone(alive, seconds=seconds)
    for identity in alive:
        if identity.is_alive():
            os.kill(identity.pid, signal.SIGKILL)
            signal_group(identity.pid, signal.SIGKILL)
    wait_until_gone(alive, seconds=2)
    return alive


def wait_until_gone(identities: Iterable[Identity], *, seconds: float) -> bool:
    """Wait for processes that may be nobody's children; tell whether all have ended."""
    deadline = time.monotonic() + seconds
    remaining = list(identities)
    while remaining := [identity for identity in remaining if identity.is_alive()]:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
