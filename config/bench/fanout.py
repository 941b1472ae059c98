"""Budget 1: one post to 9,999 followers, from the request to the last row, beside one raw `INSERT … SELECT`."""

import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import orjson
from django.conf import settings

from config.bench.figures import Chapter, Figure, number
from config.bench.lab import Lab, alternate, laboratory
from config.bench.people import make_accounts, make_celebrity, token_of
from config.stack import StackError
from config.stack.ports import HOST

AUTHOR = 1
FOLLOWERS = 9_999
POLL_SECONDS = 0.002
LIMIT_SECONDS = 30.0
REST_SECONDS = 0.3

FLOOR = """
INSERT INTO feeds_feedentry (user_id, feed_id, author_id)
SELECT follower_id, %s, followee_id FROM accounts_follow WHERE followee_id = %s
"""
# One probe of two keys; the instants are the database's, whose clock is also ours.
WATCH = """
SELECT post.delivery = 'pushed', delivery.attempts, delivery.position, extract(epoch FROM delivery.lease_until)::float8
  FROM posts_post AS post JOIN puppies_delivery AS delivery
    ON delivery.payload = jsonb_build_object('post_id', post.id, 'author_id', post.author_id)
 WHERE post.id = %s
"""


@dataclass
class Course:
    """Where the time of the rounds went, milliseconds."""

    request: list[float] = field(default_factory=list)
    relay: list[float] = field(default_factory=list)
    kafka: list[float] = field(default_factory=list)
    batches: list[float] = field(default_factory=list)

    def notes(self) -> list[str]:
        """Medians in words."""
        parts = {
            "request to lease by the relay": self.relay,
            "publish, Kafka and Celery to claim by the worker": self.kafka,
            "batches to the last commit": self.batches,
            "meanwhile, request to answer": self.request,
        }
        steps = [f"{name} {number(median(times))} ms" for name, times in parts.items() if times]
        return [f"Where our time goes, medians: {'; '.join(steps)}."]


def measure(*, quick: bool, secret_key: str, say: Callable[[str], None]) -> Chapter:
    """Prepare the rows, run the rounds, check that every row is there."""
    stored = 500_000 if quick else 5_000_000
    with laboratory(("postgres", "valkey", "kafka"), secret_key=secret_key) as lab:
        say(f"fan-out: storing {stored:,} feed entries")
        lab.manage("migrate", "--no-input")
        lab.manage("topics")
        with lab.database() as cursor:
            make_accounts(cursor, FOLLOWERS + 1, signed_in=[AUTHOR])
            make_celebrity(cursor, followers=FOLLOWERS, stored=stored)
            roles = lab.roles
            with lab.running(roles.relay(), roles.worker("fanout"), roles.api()):
                say("fan-out: rounds")
                return race(lab, cursor, rounds=5 if quick else 9, stored=stored)


def race(lab: Lab, cursor: Any, *, rounds: int, stored: int) -> Chapter:
    """Alternate floor and ours; rows a second of each."""
    course = Course()
    client = http.client.HTTPConnection(HOST, lab.roles.port, timeout=LIMIT_SECONDS)
    contestants = {
        "ours": lambda: FOLLOWERS / publish(client, cursor, course),
        "floor": lambda: FOLLOWERS / insert(cursor),
    }
    results = alternate(rounds, contestants)
    check(cursor, posts=rounds + 1)
    figure = Figure.faster(
        f"fan-out to {FOLLOWERS:,} followers",
        unit="rows/s",
        ours=results["ours"],
        peer="one INSERT … SELECT",
        theirs=results["floor"],
        budget=0.5,
    )
    notes = [
        (
            f"{stored:,} feed entries stored before; one post from `POST /v1/posts` to its last row, over Granian, relay, Kafka "
            f"and a Celery worker: {number(1000 * FOLLOWERS / figure.ours)} ms; the floor takes "
            f"{number(1000 * FOLLOWERS / figure.theirs)} ms."
        ),
        *course.notes(),
    ]
    return Chapter("fanout", "Fan-out on write", [figure], notes)


def insert(cursor: Any) -> float:
    """The floor: seconds of one statement that writes the same rows for another post."""
    time.sleep(REST_SECONDS)
    cursor.execute("SELECT puppies_next_id()")
    (feed_id,) = cursor.fetchone()
    begin = time.perf_counter()
    cursor.execute(FLOOR, [feed_id, AUTHOR])
    return time.perf_counter() - begin


def publish(client: http.client.HTTPConnection, cursor: Any, course: Course) -> float:
    """Ours: seconds from the request to the commit of the last batch, seen from outside."""
    time.sleep(REST_SECONDS)
    begin = time.time()
    post_id = post(client)
    answered = time.time()
    marks = watch(cursor, post_id)
    course.request.append(1000 * (answered - begin))
    if {"leased", "claimed"} <= marks.keys():
        course.relay.append(1000 * (marks["leased"] - begin))
        course.kafka.append(1000 * (marks["claimed"] - marks["leased"]))
        course.batches.append(1000 * (marks["pushed"] - marks["claimed"]))
    return marks["pushed"] - begin


def post(client: http.client.HTTPConnection) -> int:
    """Publish through the API; the id of the post."""
    headers = {"Authorization": f"Bearer {token_of(AUTHOR)}", "Content-Type": "application/json"}
    client.request("POST", "/v1/posts", body=b'{"content": "A long walk in the rain."}', headers=headers)
    answer = client.getresponse()
    body = answer.read()
    if answer.status != 201:
        raise StackError(f"POST /v1/posts answered {answer.status}: {body.decode(errors='replace')}")
    return int(orjson.loads(body)["id"])


def watch(cursor: Any, post_id: int) -> dict[str, float]:
    """When the delivery was leased, when it was claimed (both by its lease), when we saw the post pushed; epoch seconds."""
    marks: dict[str, float] = {}
    deadline = time.time() + LIMIT_SECONDS
    while time.time() < deadline:
        cursor.execute(WATCH, [post_id])
        is_pushed, attempts, position, lease_until = cursor.fetchone()
        if is_pushed:
            return {**marks, "pushed": time.time()}
        if lease_until and position == 0:
            marks["claimed" if attempts else "leased"] = lease_until - settings.DELIVERY_LEASE_SECONDS
        time.sleep(POLL_SECONDS)
    raise StackError(f"Post {post_id} was not in every feed within {LIMIT_SECONDS:.0f} s.")


def check(cursor: Any, *, posts: int) -> None:
    """Raise StackError unless every post of ours is in every follower's stored feed."""
    cursor.execute(
        "SELECT count(*) FROM posts_post AS post JOIN feeds_feedentry AS entry USING (feed_id) WHERE post.author_id = %s",
        [AUTHOR],
    )
    (found,) = cursor.fetchone()
    if found != posts * FOLLOWERS:
        raise StackError(f"{found:,} feed entries of {posts} posts were found, not {posts * FOLLOWERS:,}.")
