"""Requests neither wait for Kafka nor fail because of it, and what it loses is published again."""

import time
from collections.abc import Callable

from config.stack import Stores
from tests.flows.installation import Installation, frozen
from tests.flows.people import Person, followers_of, give_followers, stored_readers

Make = Callable[[str], Person]

LEASED = """
SELECT count(*) FROM puppies_delivery
 WHERE id > %s AND done_at IS NULL AND publications > 0 AND lease_until > now()
"""


def newest_delivery(installation: Installation) -> int:
    """The newest delivery's id."""
    return int(installation.value("SELECT coalesce(max(id), 0) FROM puppies_delivery"))


def test_posting_goes_on_while_the_broker_is_away(
    installation: Installation, stores: Stores, person: Make
) -> None:
    author, reader = person("author"), person("reader")
    reader.follow(author)
    installation.wait_delivered()
    relay, worker = installation.relay.pid, installation.worker.pid

    stores["kafka"].stop()
    began = time.monotonic()
    posts = [author.post(f"number {number}") for number in range(5)]
    slowest = (time.monotonic() - began) / len(posts)
    without_broker = reader.feed()
    installation.wait_until(
        lambda: "relay_not_published" in "".join(installation.relay.last_lines(50)),
        what="the relay tells that it cannot publish",
    )
    stored = [stored_readers(installation, post) for post in posts]
    stores["kafka"].start()
    stores["kafka"].wait_ready()
    recovered = installation.wait_delivered(seconds=30)

    assert slowest < 0.5
    assert without_broker == reader.feed() == posts[::-1]
    assert stored == [[]] * 5
    assert [stored_readers(installation, post) for post in posts] == [[reader.id]] * 5
    assert recovered < 30
    assert (installation.relay.pid, installation.worker.pid) == (relay, worker)


def test_broker_that_lost_everything_loses_nothing(
    installation: Installation, stores: Stores, person: Make
) -> None:
    author = person("author")
    give_followers(installation, author, 20)
    followers, before = followers_of(installation, author), newest_delivery(installation)
    installation.worker.stop()
    posts = [author.post(f"number {number}") for number in range(30)]
    installation.wait_until(
        lambda: installation.value(LEASED, before) == 30, what="thirty deliveries are published and leased"
    )

    stores["kafka"].kill()
    stores["kafka"].start()
    stores["kafka"].wait_ready()
    installation.start(installation.worker)
    installation.wait_delivered(seconds=40)

    assert [stored_readers(installation, post) for post in posts] == [followers] * 30


def test_broker_killed_again_and_again_under_a_running_worker(
    installation: Installation, stores: Stores, person: Make
) -> None:
    author, reader = person("author"), person("reader")
    reader.follow(author)
    installation.wait_delivered()
    posts = []
    for _ in range(4):
        with frozen(installation.worker):
            posts += [author.post("for a broker without memory") for _ in range(5)]
            stores["kafka"].kill()
        stores["kafka"].start()
        stores["kafka"].wait_ready()
        installation.wait_delivered(seconds=60)

    assert [stored_readers(installation, post) for post in posts] == [[reader.id]] * 20
    assert reader.feed() == posts[::-1]
