"""A part of the running system: one program that is started, found ready, stopped."""

import contextlib
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from config.stack.errors import StackError
from config.stack.processes import SAME_USER, Identity, signal_group, spawn


class Part(ABC):
    """One program with its log; not thread-safe, and to be started from the main thread (see `launcher`)."""

    name: str
    stop_signal = signal.SIGTERM
    death_signal = signal.SIGTERM
    stop_seconds = 3.0
    ready_seconds = 60.0
    #: An exit this soon is answered with another start: what was killed before may still hold resources.
    retry_seconds = 0.0

    def __init__(self, *, log: Path) -> None:
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._identity: Identity | None = None
        self._log_start = 0

    @abstractmethod
    def command(self) -> list[str]:
        """Return the program and its arguments."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Ask the program itself whether it can do its work."""

    @property
    def port(self) -> int | None:
        """The port on which it is found, if it has one."""
        return None

    def environment_of_process(self) -> Mapping[str, str]:
        """Return the whole environment of the program."""
        return os.environ

    def user(self) -> str:
        """Return whom the program runs as, in the words of `launch.py`."""
        return SAME_USER

    def prepare(self) -> None:  # noqa: B027
        """Do what has to be done once before the program can start."""

    def settle(self) -> None:  # noqa: B027
        """Do what has to be done once after it became ready."""

    @property
    def pid(self) -> int | None:
        """The pid while it runs."""
        return self._process.pid if self._process and self.is_running() else None

    @property
    def identity(self) -> Identity | None:
        """The process last started, for recognising it later."""
        return self._identity

    def is_running(self) -> bool:
        """Tell whether the program has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def exit_code(self) -> int | None:
        """Return the exit code of the last run, negative for a signal; None while it runs."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start the program without waiting until it is ready; running already is fine."""
        if self.is_running():
            return
        self.prepare()
        self._spawn()

    def check_ready(self, *, elapsed: float) -> bool:
        """Tell whether it works; raise StackError when it ended, `elapsed` seconds after its start."""
        if self.is_running() and self.is_ready() and self.is_running():
            self.settle()
            return True
        if not self.is_running():
            self._retry_or_fail(elapsed)
        return False

    def wait_ready(self, seconds: float | None = None) -> None:
        """Wait until it works and is settled, or raise StackError with the end of its log."""
        started = time.monotonic()
        limit = self.ready_seconds if seconds is None else seconds
        while not self.check_ready(elapsed=(elapsed := time.monotonic() - started)):
            if elapsed > limit:
                raise self.late(elapsed)
            time.sleep(0.05)

    def late(self, elapsed: float) -> StackError:
        """Return the error that tells of a part which runs and does not answer."""
        return StackError(f"{self.name} is not ready after {elapsed:.0f} s.{self._log_end()}")

    def ask_to_stop(self) -> None:
        """Send the stop signal and return at once."""
        if self._process and self.is_running():
            self._process.send_signal(self.stop_signal)

    def finish(self, *, deadline: float) -> None:
        """Wait for the end until `deadline` (of `time.monotonic`), then kill what is left of its group."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        self._end_group(self._process)

    def stop(self) -> None:
        """End the program in its own way within `stop_seconds`, else by force."""
        self.ask_to_stop()
        self.finish(deadline=time.monotonic() + self.stop_seconds)

    def kill(self) -> None:
        """End the program as a power cut would (SIGKILL)."""
        if self._process is not None:
            self._end_group(self._process)

    def last_lines(self, count: int = 12) -> list[str]:
        """Return the last lines that the present run has logged."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(min(self._log_start, self.log.stat().st_size))
            return log.read().decode(errors="replace").splitlines()[-count:]

    def _spawn(self) -> None:
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        self._process = spawn(
            self.command(),
            log=self.log,
            environment=self.environment_of_process(),
            user=self.user(),
            tied_by=self.death_signal,
        )
        self._identity = Identity.of(self._process.pid)

    def _retry_or_fail(self, elapsed: float) -> None:
        if elapsed > self.retry_seconds:
            raise StackError(f"{self.name} ended with code {self.exit_code()} at its start.{self._log_end()}")
        time.sleep(0.2)
        self._spawn()

    def _end_group(self, process: subprocess.Popen[bytes]) -> None:
        signal_group(process.pid, signal.SIGKILL)
        process.wait()

    def _log_end(self) -> str:
        lines = "".join(f"\n    {line}" for line in self.last_lines())
        return f" The end of {self.log}:{lines}"
