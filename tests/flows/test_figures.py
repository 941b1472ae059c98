"""The figures of the day, through HTTP, outbox, broker, workers and beat."""

import json
import time
from collections.abc import Callable

from tests.flows.installation import Installation
from tests.flows.people import Person

Make = Callable[[str], Person]
Figures = dict[str, int]

COLUMNS = ("posts", "comments", "likes", "unlikes", "signups", "follows")
TOTALS = """
SELECT coalesce(sum(posts), 0)::bigint, coalesce(sum(comments), 0)::bigint, coalesce(sum(likes), 0)::bigint,
       coalesce(sum(unlikes), 0)::bigint,
       coalesce(sum(signups), 0)::bigint, coalesce(sum(follows), 0)::bigint FROM config_dailyfigures
"""
COUNTED_SINCE = "SELECT count(*) FROM config_dailyfigures WHERE counted_until > to_timestamp(%s)"
ACTIVE = "SELECT coalesce(max(active_users), 0) FROM config_dailyfigures"
SEEN = "SELECT count(DISTINCT user_id) FROM accounts_session"


def totals(installation: Installation) -> Figures:
    """The figures over all days, once everything until now is counted."""
    now = time.time()
    installation.wait_delivered(seconds=40)
    installation.wait_until(
        lambda: (
            installation.value(COUNTED_SINCE, now) > 0
            and installation.value("SELECT count(*) FROM puppies_ledgerentry") == 0
            and installation.value("SELECT count(*) FROM puppies_drainedtally") == 0
        ),
        seconds=60,
        what="all of it is counted",
    )
    [row] = installation.rows(TOTALS)
    return dict(zip(COLUMNS, row, strict=True))


def added(before: Figures, after: Figures) -> Figures:
    return {name: after[name] - before[name] for name in COLUMNS}


def test_what_happens_is_counted_once(installation: Installation, person: Make) -> None:
    before = totals(installation)
    author, reader, third = person("author"), person("reader"), person("third")
    posts = [author.post(f"number {number}") for number in range(4)]
    for other in (reader, third):
        other.follow(author)
        for post in posts:
            other.like(post)
    third.unfollow(author)
    third.send("DELETE", f"/v1/posts/{posts[0]}/likes")
    for content in ("the first", "the second"):
        comment = third.send("POST", f"/v1/posts/{posts[1]}/comments", body={"content": content}).json()["id"]
    assert third.send("DELETE", f"/v1/comments/{comment}").status_code == 204

    after = totals(installation)

    assert added(before, after) == {
        "posts": 4,
        "comments": 2,
        "likes": 8,
        "unlikes": 1,
        "signups": 3,
        "follows": 2,
    }
    told = json.loads(installation.manage("daily_figures", "--json"))
    assert sum(row["signups"] for row in told) == after["signups"]


def test_messages_that_come_twice_and_late_count_once(installation: Installation, person: Make) -> None:
    before = totals(installation)
    author, reader = person("author"), person("reader")
    reader.follow(author)
    installation.wait_delivered()
    sql = "SELECT id FROM puppies_delivery WHERE task LIKE 'config.%' ORDER BY id DESC LIMIT 3"
    done = [row[0] for row in installation.rows(sql)]

    installation.publish_by_hand([*done, *done[::-1]])

    assert added(before, totals(installation)) == {
        "posts": 0,
        "comments": 0,
        "likes": 0,
        "unlikes": 0,
        "signups": 2,
        "follows": 1,
    }


def test_a_worker_killed_again_and_again_counts_everything_once(
    installation: Installation, person: Make
) -> None:
    before = totals(installation)
    author = person("author")
    post = author.post("popular")
    for _ in range(3):
        fans = [person("fan") for _ in range(4)]
        for fan in fans:
            fan.follow(author)
            fan.like(post)
        installation.worker.kill()
        author.post("written while nobody counts")
        installation.start(installation.worker)

    assert added(before, totals(installation)) == {
        "posts": 4,
        "comments": 0,
        "likes": 12,
        "unlikes": 0,
        "signups": 13,
        "follows": 12,
    }


def test_who_was_here_is_counted_in_time(installation: Installation, person: Make) -> None:
    person("visitor")
    here = installation.value(SEEN)
    totals(installation)

    installation.manage("shell", "-c", "from config.tasks import count_active_users; count_active_users()")

    # An estimate: ±0.8 % as a rule.
    assert abs(installation.value(ACTIVE) - here) <= max(here * 0.03, 1)
