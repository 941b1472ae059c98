"""A real `manage.py up` in a process of its own, with data and ports of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from config.stack.ports import free_port
from config.stack.processes import SAME_USER, Identity, launcher
from config.stack.programs import ROOT, http_status
from config.stack.state import PartRecord, Snapshot, StackFile
from config.stack.stores import KINDS

# What the tests' own stores have put into the environment; `up` has to start stores itself here.
OF_THE_TESTS = ("REDIS_PREFIX", "DEBUG", "SECRET_KEY", "PORT", "ENVIRONMENT")


class System:
    """One `up`: its process, what it printed, and the parts that it recorded."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.output = data_dir.parent / f"{data_dir.name}.out"
        self.process: subprocess.Popen[bytes] | None = None
        self.user = SAME_USER

    def up(self, *, seconds: float = 120) -> None:
        """Start it and wait until it says that everything runs."""
        self.spawn()
        self.until(lambda: "Puppies runs." in self.printed(), seconds=seconds)

    def spawn(self) -> subprocess.Popen[bytes]:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.words("up"), stdout=output, stderr=subprocess.STDOUT, env=self.environment(), cwd=ROOT
            )
        return self.process

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another management command on the same data and return what it did."""
        return subprocess.run(
            self.words(*arguments),
            capture_output=True,
            text=True,
            check=False,
            env=self.environment(),
            cwd=ROOT,
            timeout=60,
        )

    def words(self, *arguments: str) -> list[str]:
        return [*launcher(self.user), sys.executable, str(ROOT / "manage.py"), *arguments]

    def environment(self) -> dict[str, str]:
        given = {name: value for name, value in os.environ.items() if not is_of_the_tests(name)}
        return {**given, "DATA_DIR": str(self.data_dir), "PORT": str(self.port), "WEB_WORKERS": "1"}

    def printed(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def snapshot(self) -> Snapshot:
        return StackFile(self.data_dir).read()

    def part(self, name: str) -> PartRecord:
        return next(part for part in self.snapshot().parts if part.name == name)

    def processes(self) -> list[Identity]:
        """Every process of the parts, and their children."""
        return self.snapshot().processes()

    def kill(self, name: str) -> int:
        """End a part as a power cut would; return its pid."""
        process = self.part(name).process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        return process.pid

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The supervisor notices nothing within: SIGSTOP, then SIGCONT."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def status(self) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = json.loads(self.command("status", "--json").stdout)["parts"]
        return parts

    def answers(self) -> bool:
        return http_status(self.port, "/readyz") == 200

    def until(self, condition: Callable[[], bool], *, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process is None or self.process.poll() is None, self.printed()
            assert time.monotonic() < deadline, self.printed()
            time.sleep(0.1)

    def end(self) -> None:
        """Stop it, whatever state it is in."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


def is_of_the_tests(name: str) -> bool:
    prefixes = tuple(kind.url_variable.split("_")[0] + "_" for kind in KINDS.values())
    return name in OF_THE_TESTS or name.startswith(prefixes)


@pytest.fixture
def new_system(tmp_path: Path) -> Iterator[System]:
    """A system that has not been started, with empty data."""
    system = System(tmp_path / "data")
    yield system
    system.end()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system that runs, for all tests of a module."""
    system = System(tmp_path_factory.mktemp("running") / "data")
    try:
        system.up()
        yield system
    finally:
        system.end()
