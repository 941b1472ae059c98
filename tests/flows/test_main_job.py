"""The main job: a post travels from its author into the followers' feeds."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from requests import Response

from tests.flows.installation import Installation
from tests.flows.people import Person, followers_of, give_followers, stored_readers

Make = Callable[[str], Person]

DELIVERY = """
SELECT delivery.done_at IS NOT NULL, delivery.error, delivery.traceparent
  FROM puppies_delivery AS delivery WHERE task = 'feeds.fan_out_post' AND payload->>'post_id' = %s
"""

END_BLOCKED = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO "puppies_delivery"%'
"""


def test_post_travels_into_a_followers_feed(installation: Installation, person: Make) -> None:
    author, reader, trace_id = person("author"), person("reader"), secrets.token_hex(16)
    reader.follow(author)

    post = author.post("a day at the lake", traceparent=f"00-{trace_id}-{secrets.token_hex(8)}-01")
    assert reader.like(post) == 1

    [shown] = reader.page()["results"]
    assert (shown["id"], shown["content"], shown["author"]["username"]) == (
        str(post),
        "a day at the lake",
        author.username,
    )
    assert (shown["like_count"], shown["viewer"]) == (1, {"liked": True})
    assert installation.wait_delivered() < 5
    assert installation.rows(
        "SELECT user_id, feed_id, author_id FROM feeds_feedentry WHERE feed_id = %s", post
    ) == [(reader.id, post, author.id)]
    assert installation.value("SELECT delivery FROM posts_post WHERE id = %s", post) == "pushed"
    [(is_done, error, traceparent)] = installation.rows(DELIVERY, str(post))
    assert (is_done, error, traceparent.split("-")[1]) == (True, "", trace_id)
    assert reader.page()["results"] == [shown]


def test_earlier_posts_come_with_a_follow(installation: Installation, person: Make) -> None:
    author, reader = person("author"), person("reader")
    before = [author.post(f"before {number}") for number in range(3)]
    installation.wait_delivered()

    reader.follow(author)
    at_once = reader.feed()
    installation.wait_delivered()

    assert at_once == reader.feed() == before[::-1]
    sql = "SELECT feed_id FROM feeds_feedentry WHERE user_id = %s ORDER BY feed_id"
    assert [row[0] for row in installation.rows(sql, reader.id)] == before
    assert installation.value("SELECT merged FROM accounts_follow WHERE follower_id = %s", reader.id) is True


def test_unfollowed_author_is_gone_at_once_and_back_after_following_again(
    installation: Installation, person: Make
) -> None:
    author, reader = person("author"), person("reader")
    reader.follow(author)
    post = author.post("seen, unseen, seen")
    installation.wait_delivered()

    reader.unfollow(author)
    without = reader.feed()
    reader.follow(author)

    assert (without, reader.feed()) == ([], [post])
    installation.wait_delivered()
    assert reader.feed() == [post]


def test_crowd_gets_the_post_in_several_batches(installation: Installation, person: Make) -> None:
    author = person("author")
    give_followers(installation, author, settings.FEED_BATCH + 500)
    followers = followers_of(installation, author)

    post = author.post("to more than one batch")
    installation.wait_delivered()

    assert stored_readers(installation, post) == followers
    # The position is the last follower of the one batch that was followed by another.
    sql = "SELECT position FROM puppies_delivery WHERE payload->>'post_id' = %s"
    assert installation.value(sql, str(post)) == followers[settings.FEED_BATCH - 1]


def test_request_that_fails_in_its_transaction_leaves_no_fact(
    installation: Installation, person: Make
) -> None:
    author = person("author")
    counted = """SELECT (SELECT count(*) FROM posts_post WHERE author_id = %s),
                        (SELECT count(*) FROM puppies_ledgerentry WHERE subject_id = %s),
                        (SELECT count(*) FROM puppies_delivery WHERE payload->>'author_id' = %s)"""
    ids = (author.id, author.id, str(author.id))

    answer = post_while_the_connection_breaks(installation, author)
    after_the_failure = installation.rows(counted, *ids)
    post = author.post("second try")

    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0
    assert after_the_failure == [(0, 0, 0)]
    assert author.feed() == [post]
    installation.wait_delivered()


def post_while_the_connection_breaks(installation: Installation, author: Person) -> Response:
    """Post while the outbox cannot be written, and end the API's connection while it waits there."""
    with ThreadPoolExecutor(1) as pool, installation.transaction() as cursor:
        cursor.execute("LOCK TABLE puppies_delivery IN SHARE MODE")
        answer = pool.submit(author.send, "POST", "/v1/posts", body={"content": "first try"})
        installation.wait_blocked('INSERT INTO "puppies_delivery"')
        cursor.execute(END_BLOCKED)
        return answer.result(15)
