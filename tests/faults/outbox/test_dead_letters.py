"""A task that always fails ends as a dead letter that tells why, and that can be replayed after the repair."""

import json
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

from tests.flows.installation import Installation
from tests.flows.people import Person, followers_of, give_followers, stored_readers

Make = Callable[[str], Person]

DEAD = "SELECT count(*) FROM puppies_delivery WHERE dead_at IS NOT NULL"


@pytest.fixture
def author(installation: Installation, person: Make) -> Iterator[Person]:
    """Somebody with more followers than one batch, of whom the last cannot be written to: a real constraint of the database."""
    author = person("author")
    give_followers(installation, author, settings.FEED_BATCH + 200)
    last = followers_of(installation, author)[-1]
    installation.rows(f"ALTER TABLE feeds_feedentry ADD CONSTRAINT broken CHECK (user_id <> {last})")
    yield author
    installation.rows("ALTER TABLE feeds_feedentry DROP CONSTRAINT IF EXISTS broken")
    installation.rows("DELETE FROM puppies_delivery WHERE dead_at IS NOT NULL")


def test_task_that_always_fails_ends_as_a_dead_letter_and_can_be_replayed(
    installation: Installation, author: Person
) -> None:
    followers = followers_of(installation, author)
    post = author.post("not for the last one")
    installation.wait_until(lambda: installation.value(DEAD) == 1, seconds=30, what="there is a dead letter")
    [letter] = json.loads(installation.manage("dead_letters", "list", "--json"))
    state = "SELECT delivery FROM posts_post WHERE id = %s"
    before = (stored_readers(installation, post), installation.value(state, post))
    refused = installation.manage("verify", is_refused=True)

    installation.rows("ALTER TABLE feeds_feedentry DROP CONSTRAINT broken")
    replayed = installation.manage("dead_letters", "replay", letter["id"], "--json")
    installation.wait_delivered()

    assert (letter["fact"], letter["task"], letter["attempts"], letter["position"]) == (
        "posts.post_awaits_fan_out.v1",
        "feeds.fan_out_post",
        3,
        followers[settings.FEED_BATCH - 1],
    )
    assert letter["payload"] == {"post_id": post, "author_id": author.id}
    assert 'violates check constraint "broken"' in letter["error"]
    assert f"delivery {letter['id']} of feeds.fan_out_post is dead" in refused
    # What was done before the failure stays, and the post is found by readers themselves meanwhile.
    assert before == (followers[: settings.FEED_BATCH], "pushing")
    assert json.loads(replayed) == {"action": "replay", "count": 1, "dry_run": False}
    assert (stored_readers(installation, post), installation.value(state, post)) == (followers, "pushed")
    assert json.loads(installation.manage("verify", "--json", "--limit=50"))["ok"] is True


def test_dead_letter_of_one_post_does_not_hold_up_the_next(
    installation: Installation, author: Person, person: Make
) -> None:
    other, reader = person("other"), person("reader")
    reader.follow(other)
    author.post("fails")

    post = other.post("arrives")
    installation.wait_until(
        lambda: stored_readers(installation, post) == [reader.id], seconds=10, what="the other post is stored"
    )
    installation.wait_until(lambda: installation.value(DEAD) == 1, seconds=30, what="there is a dead letter")
    installation.rows("ALTER TABLE feeds_feedentry DROP CONSTRAINT broken")
    dropped = installation.manage("dead_letters", "drop", "--all", "--json")

    assert json.loads(dropped) == {"action": "drop", "count": 1, "dry_run": False}
    assert "no dead letters" in installation.manage("dead_letters", "list")
    installation.rows("UPDATE posts_post SET delivery = 'pulled' WHERE author_id = %s", author.id)
