"""`manage.py verify` on the live system, after and during the work of the other tests."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.flows.installation import Installation
from tests.flows.people import Person, give_followers

Make = Callable[[str], Person]


@contextmanager
def busy(author: Person, reader: Person) -> Iterator[list[int]]:
    """Within, one posts and the other likes and changes its mind about following, without a pause."""
    is_over, posts = threading.Event(), [author.post("the first")]

    def write() -> None:
        while not is_over.is_set():
            posts.append(author.post("another one"))
            reader.like(posts[-1])
            reader.unfollow(author)
            reader.follow(author)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield posts
    finally:
        is_over.set()
        writer.join()


def test_promises_hold_while_people_write(installation: Installation, person: Make) -> None:
    author, reader = person("author"), person("reader")
    give_followers(installation, author, 30)
    reader.follow(author)

    with busy(author, reader) as posts:
        report = json.loads(installation.manage("verify", "--json", "--limit=200"))

    examined = {check["name"]: check["examined"] for check in report["checks"]}
    assert report["ok"] is True
    assert 32 <= examined["feeds equal the oracle"] <= 200
    assert examined["user.followers equals its rows"] >= 32
    assert len(posts) > 3
    installation.wait_delivered()
    assert reader.feed() == posts[::-1]
