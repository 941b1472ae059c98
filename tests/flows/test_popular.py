"""Popular posts from like to page, and a home feed that fails under real processes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.flows.installation import Installation
from tests.flows.people import Person

Make = Callable[[str], Person]


@contextmanager
def feed_table_locked(installation: Installation) -> Iterator[None]:
    """Somebody holds the table of the stored feeds so that nobody can even read it."""
    with installation.transaction() as cursor:
        cursor.execute("LOCK TABLE feeds_feedentry IN ACCESS EXCLUSIVE MODE")
        yield


def popular_ids(installation: Installation) -> list[int]:
    answer = requests.get(f"{installation.url}/v1/feed/popular?limit=100", timeout=15)
    assert answer.status_code == 200, answer.text
    return [int(post["id"]) for post in answer.json()["results"]]


def liked_post(installation: Installation, person: Make) -> int:
    """A post that beat, a worker and the API have made popular."""
    post = person("author").post("everybody likes me")
    for _ in range(3):
        person("reader").like(post)
    installation.wait_until(lambda: post in popular_ids(installation), seconds=30, what="the post is popular")
    return post


def test_what_is_liked_becomes_popular_by_itself(installation: Installation, person: Make) -> None:
    liked = liked_post(installation, person)
    newer = person("author").post("nobody likes me")

    def in_order() -> list[int]:
        return [post for post in popular_ids(installation) if post in {liked, newer}]

    installation.wait_until(
        lambda: in_order() == [liked, newer], seconds=30, what="likes count for more than age"
    )


def test_a_locked_feed_is_bridged_and_comes_back_by_itself(installation: Installation, person: Make) -> None:
    post, readers = liked_post(installation, person), [person("reader") for _ in range(3)]
    reader = readers[0]
    own = reader.post("my own")

    with feed_table_locked(installation):
        answers = [each.send("GET", "/v1/feed?limit=100") for _ in range(10) for each in readers]
    # The processes of the API come back each by itself: the page that says so is the one to look at.
    pages: list[Any] = []

    def is_home() -> bool:
        pages.append(reader.page())
        return bool(pages[-1]["source"] == "home")

    took = installation.wait_until(is_home, seconds=10, what="the home feed is back")

    assert {(answer.status_code, answer.headers.get("X-Feed-Source")) for answer in answers} == {
        (200, "fallback")
    }
    # Each process notices a new ranking within seconds, not at once.
    assert {answer.json()["source"] for answer in answers} == {"popular"}
    assert any(post in [int(row["id"]) for row in answer.json()["results"]] for answer in answers)
    # Each of two processes asked until three readers had waited in vain, then once or twice a period; the others were answered at once.
    assert sorted(answer.elapsed.total_seconds() for answer in answers)[5] < 0.3
    assert took < 5
    assert [int(post["id"]) for post in pages[-1]["results"]] == [own]
    assert told(installation, "puppies_feeds_fallbacks_total") >= 30


def told(installation: Installation, name: str) -> float:
    """The sum of a metric's samples, of all processes of the API."""
    lines = requests.get(f"{installation.url}/metrics", timeout=15).text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name}{{"))
