"""An author grows beyond the threshold of pull mode and shrinks again, through HTTP, broker and beat, with ten thousand followers."""

from collections.abc import Callable

from tests.flows.installation import Installation
from tests.flows.people import Person, give_followers, stored_readers

Make = Callable[[str], Person]

SHRINK = """
WITH gone AS (
    DELETE FROM accounts_follow WHERE followee_id = %(author)s AND follower_id IN (
        SELECT follower_id FROM accounts_follow WHERE followee_id = %(author)s AND follower_id <> ALL (%(kept)s)
         ORDER BY follower_id LIMIT %(count)s) RETURNING follower_id
), counted AS (
    UPDATE accounts_user SET following_count = 0 WHERE id IN (SELECT follower_id FROM gone)
)
UPDATE accounts_user SET followers_count = followers_count - %(count)s WHERE id = %(author)s
"""
MODE = "SELECT fanout_mode FROM accounts_user WHERE id = %s"
DELIVERY = "SELECT delivery FROM posts_post WHERE id = %s"


def lose_followers(installation: Installation, author: Person, count: int, *, kept: list[Person]) -> None:
    """Take so many of the crowd away, by one statement."""
    with installation.transaction() as cursor:
        cursor.execute(SHRINK, {"author": author.id, "count": count, "kept": [person.id for person in kept]})


def wait_for(installation: Installation, author: Person, mode: str) -> None:
    installation.wait_until(
        lambda: installation.value(MODE, author.id) == mode, seconds=30, what=f"the author is in {mode} mode"
    )


def test_an_author_crosses_the_threshold_both_ways_and_nobody_misses_a_post(
    installation: Installation, person: Make
) -> None:
    author, early, late, last = (person(name) for name in ("author", "early", "late", "last"))
    early.follow(author)
    give_followers(installation, author, 9_998)
    installation.wait_delivered()

    pushed = author.post("to 9,999")
    late.follow(author)
    at_once = (early.feed(), late.feed())
    wait_for(installation, author, "pull")
    last.follow(author)
    pulled = author.post("to 10,001")
    while_big = (early.feed(), late.feed())
    installation.wait_delivered(seconds=60)
    states = [installation.value(DELIVERY, post) for post in (pushed, pulled)]
    stored = [len(stored_readers(installation, post)) for post in (pushed, pulled)]

    lose_followers(installation, author, 2_000, kept=[early, late, last])
    late.unfollow(author)
    wait_for(installation, author, "push")
    small = author.post("to 8,000")
    installation.wait_delivered(seconds=60)
    late.follow(author)
    back = (early.feed(), late.feed(), last.feed())
    installation.wait_delivered()

    assert at_once == ([pushed], [pushed])
    assert while_big == ([pulled, pushed], [pulled, pushed])
    assert (states, stored[1]) == (["pushed", "pulled"], 0)
    assert stored[0] >= 9_999
    assert installation.value(DELIVERY, small) == "pushed"
    assert back == ([small, pulled, pushed],) * 3
    assert (early.feed(), late.feed(), last.feed()) == back
    explained = installation.manage("explain_feed", early.username, str(pulled))
    assert "found among the posts that are pulled" in explained
