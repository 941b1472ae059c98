"""PostgreSQL or Redis killed and back: clear answers meanwhile, and everything goes on by itself."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import requests

from config.stack import Stores
from tests.flows.installation import Installation
from tests.flows.people import Person, register, stored_readers

Make = Callable[[str], Person]

LEASING = """
SELECT pid FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%UPDATE puppies_delivery AS delivery%'
"""


def asked(
    person: Person, method: str, path: str, body: dict[str, str] | None
) -> tuple[requests.Response, float]:
    """An answer and the seconds it took."""
    began = time.monotonic()
    return person.send(method, path, body=body), time.monotonic() - began


def test_database_killed_is_503_quickly_and_all_parts_go_on_without_a_restart(
    installation: Installation, stores: Stores, person: Make
) -> None:
    author, reader = person("author"), person("reader")
    reader.follow(author)
    first = author.post("before")
    installation.wait_delivered()
    parts = (installation.api, installation.relay, installation.worker, installation.beat)
    pids = [part.pid for part in parts]

    stores["postgres"].kill()
    # Each process of the API meets the dead connection once.
    answers = [
        asked(reader, *request)
        for request in (
            ("GET", "/v1/feed", None),
            ("POST", "/v1/posts", {"content": "lost"}),
            ("GET", f"/v1/users/{author.username}", None),
            ("POST", "/v1/auth/token", {"username": author.username, "password": "wrong-but-unknown"}),
            ("POST", f"/v1/posts/{first}/likes", None),
        )
        * 2
    ]
    live, ready = (
        requests.get(installation.url + path, timeout=5).status_code for path in ("/livez", "/readyz")
    )
    stores["postgres"].start()
    stores["postgres"].wait_ready()
    back = installation.wait_until(
        lambda: all(requests.get(f"{installation.url}/readyz", timeout=5).ok for _ in range(4)),
        what="the API is ready again",
    )
    second = author.post("after")
    delivered = installation.wait_delivered(seconds=30)

    for answer, seconds in answers:
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json()["code"] == "unavailable"
        assert seconds < 3
    assert (live, ready) == (200, 503)
    assert back < 10
    assert reader.feed() == [second, first]
    assert stored_readers(installation, second) == [reader.id]
    assert delivered < 30
    assert [part.pid for part in parts] == pids


def test_restart_between_two_requests_is_not_noticed(
    installation: Installation, stores: Stores, person: Make
) -> None:
    author = person("author")
    post = author.post("before")
    installation.wait_delivered()

    stores["postgres"].kill()
    stores["postgres"].start()
    stores["postgres"].wait_ready()
    with ThreadPoolExecutor(4) as pool:
        feeds = list(pool.map(lambda _: author.feed(), range(12)))

    assert feeds == [[post]] * 12


def test_deliveries_open_when_the_database_died_are_finished(
    installation: Installation, stores: Stores, person: Make
) -> None:
    author, reader = person("author"), person("reader")
    reader.follow(author)
    installation.wait_delivered()
    posts = [author.post(f"number {number}") for number in range(20)]

    stores["postgres"].kill()
    stores["postgres"].start()
    stores["postgres"].wait_ready()
    installation.wait_delivered(seconds=40)

    assert [stored_readers(installation, post) for post in posts] == [[reader.id]] * 20


def test_relay_whose_connection_is_cut_goes_on(
    installation: Installation, stores: Stores, person: Make
) -> None:
    author, reader = person("author"), person("reader")
    reader.follow(author)
    installation.wait_delivered()
    relay = installation.relay.pid
    listening = [pid for (pid,) in installation.rows(LEASING)]

    # The server answers the loss of one of its processes by ending all and recovering.
    for pid in listening:
        os.kill(pid, signal.SIGKILL)
    installation.wait_until(stores["postgres"].is_ready, what="PostgreSQL has recovered")
    post = author.post("after the crash")
    installation.wait_delivered(seconds=30)

    assert len(listening) == 1
    assert stored_readers(installation, post) == [reader.id]
    assert installation.relay.pid == relay


def test_redis_killed_changes_nothing(installation: Installation, stores: Stores) -> None:
    stores["valkey"].kill()

    author, reader = register(installation, "author"), register(installation, "reader")
    reader.follow(author)
    post = author.post("who needs a cache")
    liked = reader.like(post)
    shown = reader.feed()
    delivered = installation.wait_delivered(seconds=20)

    assert (liked, shown) == (1, [post])
    assert stored_readers(installation, post) == [reader.id]
    assert delivered < 10
