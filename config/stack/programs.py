"""The roles of Puppies as parts: API, relay, one worker per queue, beat, and commands that end by themselves."""

import http.client
import json
import os
import shutil
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.stack.identities import IDENTITY_PROVIDER, PEOPLE
from config.stack.part import Part
from config.stack.ports import HOST, free_port

ROOT = Path(__file__).resolve().parents[2]

PYTHON = {
    "PYTHONPATH": str(ROOT),
    "PYTHONUNBUFFERED": "1",
    # On every start as root Celery warns at length; the embedded stack is for one machine's developer.
    "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms",
}


class Program(Part):
    """A program of ours: its words, its environment, and how it is known to be ready."""

    def __init__(
        self,
        *,
        name: str,
        words: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        answers: Callable[["Program"], bool],
        port: int | None = None,
        stop_seconds: float = 4.0,
    ) -> None:
        super().__init__(log=log)
        self.name = name
        self.stop_seconds = stop_seconds
        self._words = list(words)
        self._environment = environment
        self._answers = answers
        self._port = port

    def command(self) -> list[str]:
        """Return the words it was made with."""
        return self._words

    def environment_of_process(self) -> Mapping[str, str]:
        """Return the environment it was made with."""
        return self._environment

    def is_ready(self) -> bool:
        """Ask in the way it was made with."""
        return self._answers(self)

    @property
    def port(self) -> int | None:
        """The port it was made with."""
        return self._port


@dataclass(frozen=True)
class Roles:
    """Makes the programs of one installation: where it listens, keeps its data and finds its stores."""

    data_dir: Path
    port: int
    environment: Mapping[str, str]
    web_workers: int
    concurrency: int
    web_connections: int = 256

    def all(self, queues: Collection[str]) -> tuple[list[Part], list[Part]]:
        """Return what works behind the API, to be started first, and the API itself."""
        behind: list[Part] = [self.relay(), *(self.worker(queue) for queue in queues), self.beat()]
        return behind, [self.api()]

    def api(self) -> Program:
        """Granian, one blocking thread per worker process; ready when `/readyz` says so."""
        options = {
            "interface": "wsgi",
            "host": HOST,
            "port": self.port,
            "workers": self.web_workers,
            "blocking-threads": 1,
            "backlog": 1024,
            "backpressure": self.web_connections,
            "workers-kill-timeout": 1,
            "respawn-interval": 0.5,
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        return self._program(
            "api",
            [
                sys.executable,
                "-m",
                "granian",
                *words,
                "--respawn-failed-workers",
                "--no-ws",
                "config.wsgi:application",
            ],
            answers=lambda part: http_status(self.port, "/readyz") == 200,
            port=self.port,
            stop_seconds=2.0,
            more={"PROMETHEUS_MULTIPROC_DIR": str(self._empty_metrics_dir())},
        )

    def _empty_metrics_dir(self) -> Path:
        # Where the API's processes put their numbers, so that /metrics of any one speaks for all.
        directory = self.data_dir / "metrics"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        return directory

    def relay(self) -> Program:
        """The command that publishes deliveries; ready when it says so."""
        return self._program("relay", self.manage("relay"), answers=logged("relay_ready"))

    def worker(self, queue: str) -> Program:
        """A Celery worker of one queue; ready when its consumer polls Kafka."""
        port = free_port()
        words = ["worker", "--queues", queue, "--pool", "threads", "--concurrency", str(self.concurrency)]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
        return self._program(
            f"worker-{queue}",
            self.celery(*words, *quiet, "--hostname", f"{queue}@%h"),
            answers=lambda part: http_status(port, "/livez") == 200,
            port=port,
            more={"HEALTH_PORT": str(port)},
        )

    def beat(self) -> Program:
        """The scheduler of periodic work; its memory of last runs lies in DATA_DIR."""
        schedule = self.data_dir / "beat" / "schedule"
        schedule.parent.mkdir(parents=True, exist_ok=True)
        words = self.celery("beat", "--schedule", str(schedule), "--pidfile", "", "--loglevel", "INFO")
        return self._program("beat", words, answers=lambda part: written_since_start(part, schedule))

    def identity_provider(self, port: int) -> Program:
        """The identity provider of development, for which everybody is whoever they say; ready when it tells of itself."""
        people = (word for person in PEOPLE for word in ("--user-claims", json.dumps(person)))
        words = [sys.executable, "-m", "oidc_provider_mock", "--host", HOST, "--port", str(port), *people]
        return self._program(
            IDENTITY_PROVIDER,
            words,
            answers=lambda part: http_status(port, "/.well-known/openid-configuration") == 200,
            port=port,
            more={"PYTHONWARNINGS": "ignore"},
        )

    def step(self, name: str) -> Program:
        """A management command that ends by itself."""
        return self._program(name, self.manage(name), answers=lambda part: True)

    def manage(self, *arguments: str) -> list[str]:
        """Return the words of a management command."""
        return [sys.executable, str(ROOT / "manage.py"), *arguments]

    def celery(self, *arguments: str) -> list[str]:
        """Return the words of a Celery command."""
        return [sys.executable, "-m", "celery", "--quiet", "--app", "config.celery:app", *arguments]

    def _program(
        self,
        name: str,
        words: Sequence[str],
        *,
        answers: Callable[[Program], bool],
        port: int | None = None,
        stop_seconds: float = 4.0,
        more: Mapping[str, str] | None = None,
    ) -> Program:
        return Program(
            name=name,
            words=words,
            log=self.data_dir / "logs" / f"{name}.log",
            environment={
                **os.environ,
                **PYTHON,
                **self.environment,
                "PGAPPNAME": f"puppies-{name}",
                **(more or {}),
            },
            answers=answers,
            port=port,
            stop_seconds=stop_seconds,
        )


def logged(text: str) -> Callable[[Part], bool]:
    """Return a probe that is satisfied once the present run has logged the text."""
    return lambda part: any(text in line for line in part.last_lines(200))


def written_since_start(part: Part, path: Path) -> bool:
    """Tell whether a file of that name, with any ending, was written by the present run."""
    start = part.identity.started if part.identity else float("inf")
    return any(file.stat().st_mtime >= start - 1 for file in path.parent.glob(f"{path.name}*"))


def http_status(port: int, path: str) -> int | None:
    """Return the status that a GET on the loopback interface is answered with; None when nobody answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
