from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.blocking import block_user, mute_user
from accounts.listings import SEARCH
from accounts.models import User
from accounts.services import follow_user, unfollow_user
from tests.factories import PostFactory, UserFactory
from tests.plans import fill_accounts, plan_of


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["username"] for row in response.json()["results"]]


def walk(client: APIClient, path: str) -> list[list[str]]:
    """The names on every page from the first on."""
    pages: list[list[str]] = []
    following: str | None = path
    while following:
        response = client.get(following)
        pages.append(names(response))
        following = response.json()["next"]
    return pages


def fans_of(star: User, count: int) -> list[User]:
    fans = UserFactory.create_batch(count)
    for fan in fans:
        follow_user(follower_id=fan.id, followee_id=star.id)
    return fans


def test_followers_and_followed_accounts_are_listed_newest_follow_first(anonymous_client: APIClient) -> None:
    star = UserFactory.create(username="star")
    first, second = fans_of(star, 2)
    unfollow_user(follower_id=first.id, followee_id=star.id)
    follow_user(follower_id=first.id, followee_id=star.id)
    follow_user(follower_id=first.id, followee_id=second.id)

    followers = anonymous_client.get("/v1/users/star/followers")
    following = anonymous_client.get(f"/v1/users/{first.username}/following")

    assert names(followers) == [first.username, second.username]
    assert names(following) == [second.username, "star"]


def test_a_listed_account_is_a_whole_profile(client: APIClient, user: User) -> None:
    star = UserFactory.create(username="star")
    (fan,) = fans_of(star, 1)
    PostFactory.create(author=fan)
    follow_user(follower_id=user.id, followee_id=fan.id)
    mute_user(muter_id=user.id, muted_id=fan.id)

    (row,) = client.get("/v1/users/star/followers").json()["results"]

    assert row == client.get(f"/v1/users/{fan.username}").json()
    assert (row["followers_count"], row["following_count"], row["posts_count"]) == (1, 1, 1)
    assert row["viewer"] == {"following": True, "followed_by": False, "blocking": False, "muting": True}


@pytest.mark.parametrize(
    "path", ["/v1/users/star/followers?limit=2", "/v1/users?q=user_&limit=2", "/v1/users/me/blocks?limit=2"]
)
def test_a_walk_shows_every_account_once(client: APIClient, user: User, path: str) -> None:
    fans = fans_of(UserFactory.create(username="star"), 5)
    if "blocks" in path:
        for fan in fans:
            block_user(blocker_id=user.id, blocked_id=fan.id)
    expected = [fan.username for fan in reversed(fans)]
    if "q=" in path:
        expected = sorted([*expected, user.username])

    pages = walk(client, path)

    assert [name for page in pages for name in page] == expected
    assert {len(page) for page in pages[:-1]} == {2}


def test_polling_upward_shows_who_followed_meanwhile(client: APIClient) -> None:
    star = UserFactory.create(username="star")
    fans_of(star, 2)
    page = client.get("/v1/users/star/followers?limit=1").json()
    newer = fans_of(star, 1)

    up = client.get(page["previous"])

    assert names(up) == [newer[0].username]
    assert names(client.get(up.json()["previous"])) == []


@pytest.mark.parametrize("state", [User.State.SUSPENDED, User.State.DELETING, User.State.PURGING])
def test_lists_leave_out_accounts_that_are_not_active(client: APIClient, state: User.State) -> None:
    hidden, _shown = fans_of(UserFactory.create(username="star"), 2)
    User.objects.filter(id=hidden.id).update(state=state)

    lists = [names(client.get(path)) for path in ("/v1/users/star/followers", "/v1/users?q=user_")]

    assert [hidden.username in found for found in lists] == [False, False]
    assert [len(found) for found in lists] == [1, 2]


@pytest.mark.parametrize("blocks", [True, False])
def test_lists_leave_out_the_other_side_of_a_block(client: APIClient, user: User, blocks: bool) -> None:
    hidden, shown = fans_of(UserFactory.create(username="star"), 2)
    follow_user(follower_id=shown.id, followee_id=hidden.id)
    mute_user(muter_id=user.id, muted_id=hidden.id)
    blocker, blocked = (user, hidden) if blocks else (hidden, user)
    block_user(blocker_id=blocker.id, blocked_id=blocked.id)

    assert names(client.get("/v1/users/star/followers")) == [shown.username]
    assert names(client.get(f"/v1/users/{shown.username}/following")) == ["star"]
    assert names(client.get("/v1/users?q=user_")) == sorted([user.username, shown.username])
    assert names(client.get("/v1/users/me/mutes")) == []
    assert names(client.get("/v1/users/me/blocks")) == ([hidden.username] if blocks else [])


def test_ones_mutes_are_listed_for_oneself_alone(
    client: APIClient, anonymous_client: APIClient, user: User
) -> None:
    first, second = UserFactory.create_batch(2)
    mute_user(muter_id=user.id, muted_id=first.id)
    mute_user(muter_id=second.id, muted_id=user.id)

    assert names(client.get("/v1/users/me/mutes")) == [first.username]
    assert [anonymous_client.get(f"/v1/users/me/{what}").status_code for what in ("mutes", "blocks")] == [
        401
    ] * 2


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("re", ["re_x", "rex", "rexy"]),
        ("REX", ["rex", "rexy"]),
        (" rex ", ["rex", "rexy"]),
        ("re_", ["re_x"]),
        ("r%", []),
        ("réx", []),
        ("x", []),
        ("'; --", []),
    ],
)
def test_search_is_by_prefix_in_alphabetical_order(
    anonymous_client: APIClient, prefix: str, found: list[str]
) -> None:
    for name in ("rexy", "rex", "bella", "re_x"):
        UserFactory.create(username=name)

    response = anonymous_client.get("/v1/users", {"q": prefix})

    assert names(response) == found
    assert (response.json()["next"], response.json()["previous"]) == (None, None)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "validation_failed"),
        ("q=", "validation_failed"),
        ("q=%20", "validation_failed"),
        ("q=" + "x" * 31, "validation_failed"),
        ("q=a%00", "validation_failed"),
        ("q=a&limit=0", "invalid_limit"),
        ("q=a&cursor=forged", "invalid_cursor"),
    ],
)
def test_a_bad_search_is_refused(anonymous_client: APIClient, query: str, code: str) -> None:
    response = anonymous_client.get(f"/v1/users?{query}")

    assert (response.status_code, response.json()["code"]) == (400, code)


def test_a_cursor_belongs_to_its_list_and_its_reader(client: APIClient, anonymous_client: APIClient) -> None:
    fans_of(UserFactory.create(username="star"), 3)
    cursor = client.get("/v1/users/star/followers?limit=1").json()["next"].partition("cursor=")[2]

    elsewhere = client.get(f"/v1/users/star/following?cursor={cursor}")
    somebody = anonymous_client.get(f"/v1/users/star/followers?cursor={cursor}")

    assert [answer.status_code for answer in (elsewhere, somebody)] == [400, 400]


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    "path", ["/v1/users/star/followers", "/v1/users?q=user_", "/v1/users/me/blocks", "/v1/users/me/mutes"]
)
def test_a_list_costs_the_same_queries_at_any_length(
    client: APIClient, user: User, path: str, rows: int
) -> None:
    fans = fans_of(UserFactory.create(username="star"), rows)
    for fan in fans if "/me/" in path else []:
        mute_user(muter_id=user.id, muted_id=fan.id)
        if "blocks" in path:
            block_user(blocker_id=user.id, blocked_id=fan.id)
    client.get(path)

    with CaptureQueriesContext(connection) as queries:
        assert len(names(client.get(path))) >= rows

    # The session, the list's owner where there is one, the rows, their counts, their relationships.
    assert len(queries) == (5 if "star" in path else 4)


@pytest.mark.django_db
def test_search_reads_its_page_from_the_pattern_index() -> None:
    fill_accounts(5_000)

    plan = plan_of(SEARCH, {"pattern": "user%", "after": "", "viewer": 1, "limit": 20})

    assert [name for name in plan.indexes() if name.endswith("_like")] != []
    assert plan.sorts() == []
    assert "accounts_user" not in plan.scanned_whole()
