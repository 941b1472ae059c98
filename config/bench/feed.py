"""Budget 2: the home feed through HTTP, beside a plain view with the same statement and beside Django REST framework by the book."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import psutil

from config.bench.figures import Chapter, Figure, number
from config.bench.lab import WEB_WORKERS, Lab, alternate, laboratory
from config.bench.people import make_accounts, make_readers, textbook_token_of, token_of
from config.stack import StackError
from config.stack.ports import free_port
from config.stack.programs import PYTHON, ROOT, Program, http_status

READERS = range(1, 51)
AUTHORS = range(101, 301)
STORED = 1_000
CONNECTIONS = 16
PEERS = "config.bench.peers"


@dataclass(frozen=True)
class Contestant:
    """A server and what to ask it, one line a reader."""

    server: Program
    lines: str

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.port or 0


def measure(*, quick: bool, secret_key: str, say: Callable[[str], None]) -> Chapter:
    """Prepare readers, start the three servers, run the rounds."""
    with laboratory(("postgres", "valkey", "kafka"), secret_key=secret_key) as lab:
        say(f"feed: {len(READERS)} readers of {len(AUTHORS)} authors, {STORED:,} stored entries each")
        lab.manage("migrate", "--no-input")
        with lab.database() as cursor:
            make_accounts(cursor, AUTHORS.stop - 1, signed_in=READERS)
            make_readers(cursor, READERS, authors=AUTHORS, stored=STORED)
        contestants = make_contestants(lab)
        with lab.running(*(contestant.server for contestant in contestants.values())):
            say("feed: rounds")
            return race(contestants, rounds=5 if quick else 7, seconds=1.0 if quick else 3.0)


def make_contestants(lab: Lab) -> dict[str, Contestant]:
    """Ours, the floor and the textbook, under the same server with the same settings."""
    tokens = {reader: token_of(reader) for reader in READERS}
    textbook_tokens = {reader: textbook_token_of(reader) for reader in READERS}
    ours = lab.roles.api()
    return {
        "ours": Contestant(ours, _lines(tokens, "/v1/feed")),
        "floor": Contestant(
            peer(lab, ours, "floor_settings"), _lines(tokens, "/floor?reader={reader}&session={reader}")
        ),
        "textbook": Contestant(peer(lab, ours, "settings"), _lines(textbook_tokens, "/textbook")),
    }


def _lines(tokens: Mapping[int, str], target: str) -> str:
    return "".join(f"{target.format(reader=reader)} {token}\n" for reader, token in tokens.items())


def peer(lab: Lab, ours: Program, settings: str) -> Program:
    """Granian as the API's role starts it, with another application on another port."""
    port = free_port()
    words = [f"--port={port}" if word.startswith("--port=") else word for word in ours.command()[:-1]]
    return Program(
        name=settings,
        words=[*words, f"{PEERS}.wsgi:application"],
        log=lab.directory / "logs" / f"{settings}.log",
        environment={
            **ours.environment_of_process(),
            "DJANGO_SETTINGS_MODULE": f"{PEERS}.{settings}",
        },
        answers=lambda part: http_status(port, "/readyz") == 200,
        port=port,
        stop_seconds=ours.stop_seconds,
    )


def race(contestants: Mapping[str, Contestant], *, rounds: int, seconds: float) -> Chapter:
    """Alternate the three; requests a second and processor time a request."""
    runs = {name: partial(load, contestant, seconds) for name, contestant in contestants.items()}
    found = alternate(rounds, runs)
    rates = {name: [rate for rate, _ in results] for name, results in found.items()}
    costs = {name: [cost for _, cost in results] for name, results in found.items()}
    return Chapter("feed", "Home feed", figures(rates, costs), notes(rounds, seconds))


def figures(rates: Mapping[str, list[float]], costs: Mapping[str, list[float]]) -> list[Figure]:
    """The two budgets."""
    return [
        Figure.faster(
            "home feed, 20 posts",
            unit="requests/s",
            ours=rates["ours"],
            peer="plain view",
            theirs=rates["floor"],
            budget=0.6,
        ),
        Figure.cheaper(
            "home feed, processor time",
            unit="ms/request",
            ours=costs["ours"],
            peer="DRF by the book",
            theirs=costs["textbook"],
            budget=5,
        ),
    ]


def notes(rounds: int, seconds: float) -> list[str]:
    """How it was measured."""
    return [
        (
            f"Each server is Granian with {WEB_WORKERS} workers of one thread; {CONNECTIONS} keep-alive connections, {len(READERS)} "
            f"readers with {STORED:,} stored entries of {len(AUTHORS)} authors; {rounds} rounds of {number(seconds)} s each."
        ),
        (
            "Processor time is that of the server's processes alone, PostgreSQL's is not in it. The plain view checks no token, has no "
            "middleware and signs no cursor; the book's view authenticates simplejwt's own HS256 tokens, and loads the user."
        ),
    ]


def load(contestant: Contestant, seconds: float) -> tuple[float, float]:
    """Requests a second, and milliseconds of the server's processor time for each."""
    before = cpu_seconds(contestant.server)
    words = [sys.executable, "-m", "config.bench.load", str(contestant.port), str(seconds), str(CONNECTIONS)]
    done = subprocess.run(
        words, input=contestant.lines, capture_output=True, text=True, check=False, cwd=ROOT, env=PYTHON
    )
    if done.returncode != 0:
        raise StackError(f"The load on {contestant.server.name} failed: {done.stderr}")
    answers, took = done.stdout.split()
    cost = cpu_seconds(contestant.server) - before
    return int(answers) / float(took), 1000 * cost / int(answers)


def cpu_seconds(server: Program) -> float:
    """Processor seconds that the server and its workers have used so far."""
    main = psutil.Process(server.pid)
    times: list[Any] = [process.cpu_times() for process in (main, *main.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))
