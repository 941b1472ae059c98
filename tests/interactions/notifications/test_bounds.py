"""What is not shown costs no more than what is: likers who were suspended, groups in which nobody may be seen."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from interactions.notifications.selectors import PAGE_DOWN, UNREAD, Told, notifications, unread
from puppies.ids import MAX_ID
from puppies.sql import execute
from tests.factories import UserFactory
from tests.interactions.notifications.people import READ, URL, page
from tests.interactions.notifications.test_plans import pages_read
from tests.plans import analyze

KINDS = ["like", "comment", "reply", "mention", "follow"]
PEOPLE = """
INSERT INTO accounts_user (id, username, email, password, is_superuser, state, created_at)
SELECT n, 'fan_' || n, n || '@fans.test', '!', false, %(state)s, now() FROM generate_series(%(first)s::bigint, %(last)s) AS n
"""
POST = """
INSERT INTO posts_post (id, feed_id, author_id, content, delivery) VALUES (%(post)s, %(post)s, %(author)s, 'wuff', 'pushed')
"""
LIKES = """
INSERT INTO interactions_like (user_id, post_id) SELECT n, %(post)s FROM generate_series(%(first)s::bigint, %(last)s) AS n
"""
TOLD_BY = """
INSERT INTO interactions_notification (recipient_id, kind, subject_id, actor_id, id)
SELECT %(author)s, 'like', %(post)s, n, n FROM generate_series(%(first)s::bigint, %(last)s) AS n
"""
GROUP = """
INSERT INTO interactions_notificationgroup (recipient_id, kind, subject_id, post_id, place)
VALUES (%(author)s, 'like', %(post)s, %(post)s, %(post)s)
"""
TABLES = (
    "accounts_user",
    "posts_post",
    "interactions_like",
    "interactions_notification",
    "interactions_notificationgroup",
)


def crowd(first: int, last: int, *, state: str = "active") -> None:
    execute(PEOPLE, {"first": first, "last": last, "state": state})


def liked(author: User, post: int, first: int, last: int) -> None:
    """A post of the author by its id, told to be liked by all of these accounts, the last one being the newest."""
    names = {"author": author.id, "post": post, "first": first, "last": last}
    for statement in (POST, LIKES, TOLD_BY, GROUP):
        execute(statement, names)


def told_of(author: User) -> list[Told]:
    return notifications(recipient_id=author.id, limit=100).told


def cost(author: User) -> int:
    analyze(*TABLES)
    return pages_read(PAGE_DOWN, author.id, KINDS, MAX_ID, 0, [], 21) + pages_read(UNREAD, author.id)


@pytest.mark.django_db
def test_likers_who_may_not_be_seen_cost_the_same_however_many_they_are() -> None:
    few, many = UserFactory.create_batch(2)
    crowd(1, 6_000, state="suspended")
    for number in range(3):
        liked(few, 10_000 + number, 1, 150)
        liked(many, 20_000 + number, 1, 6_000)

    assert told_of(few) == told_of(many) == []
    assert cost(many) < 1.2 * cost(few) + 20


@pytest.mark.django_db
def test_of_a_group_the_newest_hundred_are_looked_at() -> None:
    rex = UserFactory.create()
    crowd(1, 300)
    crowd(301, 490, state="suspended")
    liked(rex, 1_000, 1, 400)
    liked(rex, 2_000, 211, 390)
    liked(rex, 3_000, 250, 340)

    hidden, partly, whole = 1_000, 2_000, 3_000
    found = {
        one.post.id: (one.actors_count, one.is_capped, one.actors[0].id) for one in told_of(rex) if one.post
    }
    assert hidden not in found
    assert found[partly] == (10, True, 300)
    assert found[whole] == (51, False, 300)
    assert unread(recipient_id=rex.id) == (2, False)


def walk(client: APIClient, url: str) -> list[dict[str, Any]]:
    """All pages from this one down."""
    pages = [page(client, url)]
    while pages[-1]["next"]:
        pages.append(page(client, pages[-1]["next"]))
    return pages


def test_a_walk_goes_on_below_hundreds_of_groups_that_are_not_shown(client: APIClient, user: User) -> None:
    crowd(1, 1)
    crowd(2, 2, state="suspended")
    liked(user, 1_000, 1, 1)
    for post in range(1_001, 1_451):
        liked(user, post, 2, 2)
    liked(user, 1_451, 1, 1)

    pages = walk(client, f"{URL}?limit=5")

    assert [[one["id"] for one in found["results"]] for found in pages] == [["1451"], [], ["1000"]]
    assert {(found["unread_count"], found["is_capped"]) for found in pages} == {(1, True)}
    assert client.post(READ, {}).json() == {"unread_count": 0, "is_capped": False}
