"""Budget 3: likes of one post by eight clients through the service, beside counting in the like's own transaction."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, cast

from config.bench.figures import Chapter, Figure, number
from config.bench.lab import Lab, alternate, laboratory
from config.bench.people import make_accounts, settle
from config.stack import StackError
from config.stack.programs import PYTHON, ROOT

CLIENTS = 8
# Wants no notifications of likes: the peer writes none either.
QUIET_AUTHOR = 1
AUTHOR = 2
FIRST = 3
ACCOUNTS = 100_000
CLIENT = "config.bench.likes_client"

QUIET = "INSERT INTO interactions_notificationinbox (user_id, not_in_app) VALUES (%s, '{like}')"
POST = """
INSERT INTO posts_post (author_id, content, feed_id, delivery)
SELECT %s, 'A long walk in the rain.', puppies_next_id(), 'pulled' RETURNING id
"""
# Counted, shown, and stored once nothing waits.
COUNTED = """
SELECT (SELECT count(*) FROM interactions_like WHERE post_id + 0 = post.id),
       like_count + (SELECT coalesce(sum(delta), 0) FROM puppies_ledgerentry WHERE subject_id = post.id)
  FROM posts_post AS post WHERE id = %s
"""


@dataclass(frozen=True)
class Round:
    """Likes a second of all clients together, and by how many the count is wrong at the end."""

    rate: float
    error: int


class Client:
    """A process that does what it is told, line by line."""

    def __init__(self, orders: IO[str], answers: IO[str]) -> None:
        self._orders = orders
        self._answers = answers

    def order(self, *words: object) -> None:
        """Begin something."""
        self._orders.write(" ".join(map(str, words)) + "\n")
        self._orders.flush()

    def answer(self) -> tuple[int, float]:
        """Wait for its end: how many, in how many seconds. Raises StackError when the process has died."""
        words = self._answers.readline().split()
        if len(words) != 2:
            raise StackError("A client of the likes benchmark ended early.")
        return int(words[0]), float(words[1])


@contextmanager
def client(lab: Lab) -> Iterator[Client]:
    """A client on the laboratory's stores; gone at the end."""
    words, environment = [sys.executable, "-m", CLIENT], {**PYTHON, **lab.environment}
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    ) as process:
        try:
            yield Client(cast("IO[str]", process.stdin), cast("IO[str]", process.stdout))
        finally:
            process.terminate()


def measure(*, quick: bool, secret_key: str, say: Callable[[str], None]) -> Chapter:
    """Start the clients once, let the contestants take turns, check every count."""
    with laboratory(("postgres", "valkey"), secret_key=secret_key) as lab, ExitStack() as stack:
        say(f"likes: {CLIENTS} clients, {ACCOUNTS:,} accounts")
        lab.manage("migrate", "--no-input")
        cursor = stack.enter_context(lab.database())
        make_accounts(cursor, ACCOUNTS, signed_in=[])
        cursor.execute(QUIET, [QUIET_AUTHOR])
        settle(cursor)
        clients = [stack.enter_context(client(lab)) for _ in range(CLIENTS)]
        drainer = stack.enter_context(client(lab))
        say("likes: rounds")
        return race(cursor, clients, drainer, rounds=5 if quick else 9, seconds=2.0 if quick else 4.0)


def race(cursor: Any, clients: list[Client], drainer: Client, *, rounds: int, seconds: float) -> Chapter:
    """Likes a second of each contestant, and what is wrong with their counts."""
    lanes = {
        "ours": ("ours", QUIET_AUTHOR),
        "transaction": ("transaction", QUIET_AUTHOR),
        "at-once": ("at-once", QUIET_AUTHOR),
        "told": ("ours", AUTHOR),
    }
    runs = {
        name: partial(run, liker, author, cursor, clients, drainer, seconds)
        for name, (liker, author) in lanes.items()
    }
    found = alternate(rounds, runs)
    return Chapter("likes", "Likes of one post", figures(found), notes(rounds, seconds))


def run(
    liker: str, author: int, cursor: Any, clients: list[Client], drainer: Client, seconds: float
) -> Round:
    """All clients like a new post of the author at once."""
    cursor.execute(POST, [author])
    (post,) = cursor.fetchone()
    drainer.order("drain", 0, 0, 0, 0, seconds)
    for place, one in enumerate(clients):
        one.order(liker, post, place + FIRST, CLIENTS, ACCOUNTS, seconds)
    answers = [one.answer() for one in clients]
    drainer.answer()
    cursor.execute(COUNTED, [post])
    rows, shown = cursor.fetchone()
    likes = sum(count for count, _ in answers)
    return Round(sum(count / took for count, took in answers), abs(rows - likes) + abs(shown - likes))


def figures(found: Mapping[str, list[Round]]) -> list[Figure]:
    """The budget, and that nothing is miscounted."""
    rates = {name: [one.rate for one in rounds] for name, rounds in found.items()}
    errors = {name: sum(one.error for one in rounds) for name, rounds in found.items()}
    peer = "UPDATE … count + 1"
    return [
        Figure.faster(
            f"likes of one post, {CLIENTS} clients",
            unit="likes/s",
            ours=rates["ours"],
            peer=peer,
            theirs=rates["transaction"],
            budget=1.5,
        ),
        Figure.faster(
            "the same, beside the hardest peer",
            unit="likes/s",
            ours=rates["ours"],
            peer=f"{peer}, all in one statement",
            theirs=rates["at-once"],
            budget=1,
        ),
        Figure.faster(
            "the same, and the author is told of each",
            unit="likes/s",
            ours=rates["told"],
            peer=f"{peer}, told of none",
            theirs=rates["transaction"],
            budget=1,
        ),
        Figure.none(
            "likes miscounted at the end of the rounds",
            unit="likes",
            ours=errors["ours"] + errors["told"],
            peer=peer,
            theirs=errors["transaction"] + errors["at-once"],
        ),
    ]


def notes(rounds: int, seconds: float) -> list[str]:
    """How it was measured."""
    return [
        (
            f"{CLIENTS} processes with a persistent connection each call the service for {number(seconds)} s, {rounds} rounds, each on a "
            "new post; one more drains the ledger each second meanwhile, as the worker of `counters` does. Every commit waits for the disk."
        ),
        (
            "The peers are called by the same processes over the same connections: the same check of who may see the post, the same row, "
            "the new count in the answer; but they count in the post's row, so that each waits for the one before. The first does it as "
            "applications do, a prepared statement for each of the three in one transaction; the hardest in a single one."
        ),
        (
            "On two cores ours and the hardest peer cost the processor nearly the same, and only the peer waits besides: for the disk. The "
            "faster the disk and the fewer the cores, the nearer they are."
        ),
        (
            "The peers tell no author of likes. So the first figures are of an author who wants no notifications of likes; for an author "
            "who is told the drain writes one for each."
        ),
    ]
