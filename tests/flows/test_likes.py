"""A post that everybody likes at once, through HTTP, while others read it and the worker that counts dies."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.flows.installation import Installation
from tests.flows.people import Person

Make = Callable[[str], Person]

LIKERS = 8
STORED = "SELECT like_count FROM posts_post WHERE id = %s"
WAITING = "SELECT count(*) FROM puppies_ledgerentry WHERE counter = 'post.likes' AND subject_id = %s"
ROWS = "SELECT count(*) FROM interactions_like WHERE post_id = %s"


@pytest.fixture
def author(person: Make) -> Person:
    return person("author")


@pytest.fixture
def fans(person: Make, author: Person) -> list[Person]:
    """Eight who follow the author."""
    fans = [person("fan") for _ in range(LIKERS)]
    for fan in fans:
        fan.follow(author)
    return fans


def waver(fan: Person, post: int, times: int) -> list[int]:
    """Like and unlike in turn, and like at last; the counts that the answers told."""
    path, told = f"/v1/posts/{post}/likes", []
    for _ in range(times):
        told.append(fan.like(post))
        answer = fan.send("DELETE", path)
        assert (answer.status_code, answer.json()["liked"]) == (200, False)
        told.append(int(answer.json()["like_count"]))
    return [*told, fan.like(post)]


@contextmanager
def reading(reader: Person, post: int) -> Iterator[list[tuple[int, bool]]]:
    """Within, somebody reads the first page of the feed without a pause: what it shows of the post, (count, liked)."""
    is_over, seen = threading.Event(), list[tuple[int, bool]]()

    def read() -> None:
        while not is_over.is_set():
            [shown] = [one for one in reader.page()["results"] if one["id"] == str(post)]
            seen.append((shown["like_count"], shown["viewer"]["liked"]))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join()


def wait_counted(installation: Installation, post: int) -> None:
    installation.wait_until(
        lambda: installation.value(WAITING, post) == 0, seconds=30, what="the likes are added up"
    )


def test_eight_likers_at_once_are_counted_exactly_while_feeds_show_the_post(
    installation: Installation, author: Person, fans: list[Person], person: Make
) -> None:
    reader = person("reader")
    reader.follow(author)
    post = author.post("viral")

    with reading(reader, post) as seen, ThreadPoolExecutor(LIKERS) as pool:
        told = list(pool.map(lambda fan: waver(fan, post, times=15), fans))
    last = reader.page()["results"][0]
    wait_counted(installation, post)

    assert (last["like_count"], last["viewer"]["liked"]) == (LIKERS, False)
    assert installation.value(STORED, post) == installation.value(ROWS, post) == LIKERS
    # Nobody was ever told of a number of likes that cannot have been.
    assert {count for counts in told for count in counts} | {count for count, _ in seen} <= set(
        range(LIKERS + 1)
    )
    assert all(count > 0 for counts in told for count in counts[::2])
    assert max(counts[-1] for counts in told) == LIKERS
    assert len(seen) > 3
    likers = fans[0].page(f"/v1/posts/{post}/likes")["results"]
    assert {row["id"] for row in likers} == {str(fan.id) for fan in fans}


def test_likes_are_counted_exactly_though_the_worker_is_killed_again_and_again(
    installation: Installation, author: Person, fans: list[Person]
) -> None:
    post = author.post("viral too")
    kills = 0

    with ThreadPoolExecutor(LIKERS + 1) as pool:
        likers = [pool.submit(waver, fan, post, 12) for fan in fans]
        for _ in range(3):
            installation.wait_until(
                lambda: installation.value(STORED, post) > 0 or all(one.done() for one in likers),
                what="the worker counts, or nobody likes any more",
            )
            installation.worker.kill()
            kills += 1
            installation.start(installation.worker)
        told = [one.result(timeout=60) for one in likers]
    shown = author.page(f"/v1/posts/{post}")["like_count"]
    wait_counted(installation, post)

    assert kills == 3
    assert max(counts[-1] for counts in told) == shown == LIKERS
    assert installation.value(STORED, post) == installation.value(ROWS, post) == LIKERS
    assert '"wrong": 0' in installation.manage("reconcile_counters", "--json")
