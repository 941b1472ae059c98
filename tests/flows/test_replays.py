"""Facts delivered again, or in another order, change nothing."""

from collections.abc import Callable
from typing import Any

from tests.flows.installation import Installation, frozen
from tests.flows.people import Person, stored_readers

Make = Callable[[str], Person]

STORED = """
SELECT entry.user_id, entry.feed_id, entry.author_id FROM feeds_feedentry AS entry
 WHERE entry.author_id = %s ORDER BY 1, 2
"""
STATES = "SELECT id, delivery, like_count, state FROM posts_post WHERE author_id = %s ORDER BY id"
OF_AUTHOR = """
SELECT id FROM puppies_delivery WHERE payload->>'author_id' = %(id)s OR payload->>'followee_id' = %(id)s ORDER BY id
"""


def deliveries_about(installation: Installation, author: Person) -> list[int]:
    """The deliveries of the author's posts and of follows of the author, oldest first."""
    with installation.transaction() as cursor:
        cursor.execute(OF_AUTHOR, {"id": str(author.id)})
        return [row[0] for row in cursor.fetchall()]


def effects(installation: Installation, author: Person, reader: Person) -> list[Any]:
    """Everything that deliveries about the author may change."""
    return [installation.rows(STORED, author.id), installation.rows(STATES, author.id), reader.feed()]


def wait_until_consumed(installation: Installation, delivery: int, times: int) -> None:
    """Wait until the worker has met this delivery's message so often with nothing left to do."""
    line = f"delivery_already_settled id={delivery} "
    installation.wait_until(
        lambda: installation.worker.log.read_text().count(line) >= times,
        what=f"{times} further messages of delivery {delivery}",
    )


def test_messages_published_again_change_nothing(installation: Installation, person: Make) -> None:
    author, reader = person("author"), person("reader")
    reader.follow(author)
    author.post("once")
    installation.wait_delivered()
    before = effects(installation, author, reader)
    deliveries = deliveries_about(installation, author)

    installation.publish_by_hand(deliveries * 2)
    for delivery in deliveries:
        wait_until_consumed(installation, delivery, times=2)

    # Of the post its fan-out; of the follow its merge, its notification and its figure.
    assert len(deliveries) == 4
    assert effects(installation, author, reader) == before


def test_facts_made_open_again_change_nothing(installation: Installation, person: Make) -> None:
    author, reader = person("author"), person("reader")
    reader.follow(author)
    post = author.post("once")
    installation.wait_delivered()
    before = effects(installation, author, reader)

    deliveries = deliveries_about(installation, author)
    installation.rows(
        "UPDATE puppies_delivery SET done_at = NULL, position = 0, due_at = now() WHERE id = ANY(%s)",
        deliveries,
    )
    installation.wait_delivered()

    assert effects(installation, author, reader) == before
    assert stored_readers(installation, post) == [reader.id]


def test_order_of_facts_does_not_matter(installation: Installation, person: Make) -> None:
    author, reader = person("author"), person("reader")
    # What their sign-ups began is not published by hand below.
    installation.wait_delivered()
    with frozen(installation.relay):
        first = author.post("before the follow")
        reader.follow(author)
        second = author.post("after the follow")
        third = author.post("and one more")
        before = reader.feed()
        deliveries = deliveries_about(installation, author)
        installation.publish_by_hand([*deliveries[::-1], *deliveries])
        installation.wait_delivered()

    assert before == reader.feed() == [third, second, first]
    assert [row[1] for row in installation.rows(STORED, author.id)] == [first, second, third]
    assert {row[1] for row in installation.rows(STATES, author.id)} == {"pushed"}


def test_late_merge_of_a_follow_taken_back_shows_nothing(installation: Installation, person: Make) -> None:
    author, reader = person("author"), person("reader")
    author.post("not for those who left")
    installation.wait_delivered()
    with frozen(installation.relay):
        reader.follow(author)
        reader.unfollow(author)

    installation.wait_delivered()

    assert reader.feed() == []
