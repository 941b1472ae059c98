"""Workers that are away, killed in the middle, or relays that are two."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.flows.installation import Installation, frozen
from tests.flows.people import Person, followers_of, give_followers, stored_readers

Make = Callable[[str], Person]

POSITION = "SELECT position, done_at IS NULL FROM puppies_delivery WHERE payload->>'post_id' = %s"


def test_feed_is_complete_while_no_worker_runs(installation: Installation, person: Make) -> None:
    author, reader = person("author"), person("reader")
    early = author.post("before the follow")
    installation.wait_delivered()

    installation.worker.stop()
    reader.follow(author)
    late = author.post("while nobody works")
    own = reader.post("my own")
    without_worker = reader.feed()
    stored = stored_readers(installation, late)
    installation.start(installation.worker)
    installation.wait_delivered()

    assert without_worker == reader.feed() == [own, late, early]
    assert (stored, stored_readers(installation, late)) == ([], [reader.id])


def test_worker_killed_within_a_fan_out_leaves_every_row_once(
    installation: Installation, person: Make
) -> None:
    author = person("author")
    give_followers(installation, author, 9_999)
    followers = followers_of(installation, author)
    with installation.transaction() as cursor:
        with frozen(installation.relay):
            post = author.post("to everybody")
            # Somebody else's uncommitted row makes the batch of this follower wait.
            cursor.execute(
                "INSERT INTO feeds_feedentry VALUES (%s, %s, %s)", (followers[5_500], post, author.id)
            )
        installation.wait_blocked("EXECUTE push_post")
        installation.worker.kill()
        killed_at = installation.rows(POSITION, str(post))
        stored_then = stored_readers(installation, post)
        cursor.connection.rollback()

    installation.start(installation.worker)
    installation.wait_delivered()

    assert killed_at == [(followers[4_999], True)]
    assert stored_then == followers[:5_000]
    assert stored_readers(installation, post) == followers
    assert installation.value("SELECT delivery FROM posts_post WHERE id = %s", post) == "pushed"


def test_two_relays_share_the_work(installation: Installation, person: Make) -> None:
    authors = [person("author") for _ in range(3)]
    reader, relay = person("reader"), installation.second_relay()
    for author in authors:
        reader.follow(author)
    installation.wait_delivered()
    installation.start(relay)

    with ThreadPoolExecutor(3) as pool:
        numbered = [(author, f"number {number}") for author in authors for number in range(20)]
        posts = list(pool.map(lambda one: one[0].post(one[1]), numbered))
    installation.wait_delivered()
    relay.stop()

    sql = "SELECT feed_id FROM feeds_feedentry WHERE user_id = %s ORDER BY feed_id DESC"
    assert [row[0] for row in installation.rows(sql, reader.id)] == sorted(posts, reverse=True)
    assert reader.feed() == sorted(posts, reverse=True)


def test_relay_that_was_killed_is_replaced_by_the_next(installation: Installation, person: Make) -> None:
    author, reader = person("author"), person("reader")
    reader.follow(author)
    installation.wait_delivered()
    installation.relay.kill()

    post = author.post("nobody carries it yet")
    time.sleep(0.5)
    stored = stored_readers(installation, post)
    installation.start(installation.relay)
    installation.wait_delivered()

    assert (stored, stored_readers(installation, post)) == ([], [reader.id])
