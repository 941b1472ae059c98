from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import User
from accounts.roles import OPERATOR, suspend_user
from accounts.services import follow_user
from interactions.comments.services import publish_comment
from interactions.services import like_post
from posts.services import publish_post
from tests.conftest import SignIn
from tests.database import everything_stored
from tests.factories import PostFactory, UserFactory
from tests.interactions.notifications.people import PREFERENCES, READ, UNREAD, URL, like_of, page, settle

ROUTES = [("get", URL), ("get", UNREAD), ("post", READ), ("get", PREFERENCES), ("patch", PREFERENCES)]


def ids(found: dict[str, Any]) -> list[str]:
    return [one["id"] for one in found["results"]]


def test_what_others_did_is_told_newest_first_in_the_shape_of_the_schema(
    client: APIClient, user: User
) -> None:
    post, fan = PostFactory.create(author=user, content="my dog"), UserFactory.create(display_name="Bella")
    like_post(user_id=fan.id, post_id=post.id)
    settle()
    comment = publish_comment(author_id=fan.id, post_id=post.id, content="wuff")
    settle()
    follow_user(follower_id=fan.id, followee_id=user.id)
    settle()

    found = page(client)

    bella = {"id": str(fan.id), "username": fan.username, "display_name": "Bella", "avatar_url": None}
    follow, answer, like = found["results"]
    assert [one["kind"] for one in found["results"]] == ["follow", "comment", "like"]
    assert all(one["actors"] == [bella] and one["actors_count"] == 1 for one in found["results"])
    assert (follow["post"], follow["comment"], like["comment"]) == (None, None, None)
    assert (like["post"]["id"], like["post"]["content"], like["post"]["author"]["id"]) == (
        *(str(post.id), "my dog"),
        str(user.id),
    )
    assert (answer["post"]["id"], answer["comment"]["id"]) == (str(post.id), str(comment))
    assert (answer["comment"]["content"], answer["comment"]["parent_id"]) == ("wuff", None)
    assert (found["next"], found["unread_count"], found["is_capped"]) == (None, 3, False)
    assert not any(one["is_read"] or one["actors_count_is_capped"] for one in found["results"])


def test_likes_of_a_post_are_one_with_its_three_newest(client: APIClient, user: User) -> None:
    fans = like_of(user, by=5)
    settle()

    (group,) = page(client)["results"]

    assert [actor["username"] for actor in group["actors"]] == [fan.username for fan in fans[:1:-1]]
    assert (group["actors_count"], group["actors_count_is_capped"]) == (5, False)


def test_more_than_99_are_not_counted(client: APIClient, user: User) -> None:
    like_of(user, by=100)
    settle()
    for _ in range(99):
        like_of(user)
    settle()

    found = page(client, f"{URL}?limit=100")

    assert [(one["actors_count"], one["actors_count_is_capped"]) for one in found["results"]] == [
        *[(1, False)] * 99,
        (99, True),
    ]
    assert (found["unread_count"], found["is_capped"]) == (99, True)
    assert client.get(UNREAD).json() == {"unread_count": 99, "is_capped": True}


@pytest.mark.parametrize(("method", "url"), ROUTES)
def test_notifications_need_signing_in(
    anonymous_client: APIClient, user: User, method: str, url: str
) -> None:
    before = everything_stored()

    answer = getattr(anonymous_client, method)(url, {} if method != "get" else None)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert everything_stored() == before


@pytest.mark.parametrize(("method", "url"), ROUTES)
def test_a_suspended_account_is_refused(client: APIClient, user: User, method: str, url: str) -> None:
    suspend_user(actor_id=OPERATOR, user_id=user.id)
    before = everything_stored()

    assert getattr(client, method)(url, {} if method != "get" else None).status_code == 401
    assert everything_stored() == before


def test_everybody_is_told_their_own(client: APIClient, user: User, sign_in: SignIn) -> None:
    like_of(user)
    settle()
    other = sign_in(UserFactory.create())

    assert page(other)["results"] == []
    assert other.post(READ, {}).json()["unread_count"] == 0
    assert client.get(UNREAD).json() == {"unread_count": 1, "is_capped": False}


def test_kinds_filter_the_list_but_not_the_count(client: APIClient, user: User) -> None:
    (fan,) = like_of(user)
    follow_user(follower_id=fan.id, followee_id=user.id)
    publish_post(author_id=fan.id, content=f"hello @{user.username}")
    settle()

    some = page(client, f"{URL}?kinds=like,follow")

    assert sorted(one["kind"] for one in some["results"]) == ["follow", "like"]
    assert some["unread_count"] == 3
    assert page(client, f"{URL}?kinds=reply")["results"] == []


@pytest.mark.parametrize("kinds", ["", "likes", "like,,follow", "LIKE", "like, follow"])
def test_unknown_kinds_are_refused(client: APIClient, kinds: str) -> None:
    answer = client.get(URL, {"kinds": kinds})

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


def test_a_walk_shows_every_group_once_and_a_cursor_is_of_its_kinds_and_reader(
    client: APIClient, user: User, sign_in: SignIn
) -> None:
    for _ in range(5):
        like_of(user)
    settle()
    everything = ids(page(client))

    first = page(client, f"{URL}?limit=2")
    second = page(client, first["next"])
    third = page(client, second["next"])

    assert ids(first) + ids(second) + ids(third) == everything
    assert third["next"] is None
    cursor = first["next"].split("cursor=")[1]
    assert client.get(f"{URL}?kinds=like&cursor={cursor}").json()["code"] == "invalid_cursor"
    assert sign_in(UserFactory.create()).get(first["next"]).json()["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    "query",
    [
        "kinds=",
        "kinds=bark",
        "kinds=like&kinds=follow",
        "kinds=" + ",".join(["like"] * 6),
        "kinds=" + "," * 3_000,
    ],
)
def test_kinds_that_are_none_or_too_many_or_given_twice_are_refused(client: APIClient, query: str) -> None:
    answer = client.get(f"{URL}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert len(answer.content) < 2_000


def test_a_group_that_rises_while_somebody_walks_is_found_by_previous(client: APIClient, user: User) -> None:
    posts = [PostFactory.create(author=user) for _ in range(4)]
    for post in posts:
        like_post(user_id=UserFactory.create().id, post_id=post.id)
    settle()
    first = page(client, f"{URL}?limit=2")

    like_post(user_id=UserFactory.create().id, post_id=posts[0].id)
    settle()
    below, above = page(client, first["next"]), page(client, first["previous"])

    assert [one["post"]["id"] for one in first["results"]] == [str(posts[3].id), str(posts[2].id)]
    assert [one["post"]["id"] for one in below["results"]] == [str(posts[1].id)]
    assert [(one["post"]["id"], one["actors_count"]) for one in above["results"]] == [(str(posts[0].id), 2)]
    assert page(client, above["previous"])["results"] == []


def test_the_marker_moves_forward_only_and_never_beyond_what_there_is(client: APIClient, user: User) -> None:
    for _ in range(3):
        like_of(user)
    settle()
    newest, middle, _ = ids(page(client))

    counts = [
        client.post(READ, {"up_to": up_to}).json()["unread_count"]
        for up_to in (middle, middle, "1", newest, middle)
    ]
    is_read = [one["is_read"] for one in page(client)["results"]]
    client.post(READ, {"up_to": str(2**63 - 1)})
    like_of(user)
    settle()

    assert (counts, is_read) == ([1, 1, 1, 0, 0], [True] * 3)
    assert [one["is_read"] for one in page(client)["results"]] == [False, True, True, True]


def test_without_a_place_everything_is_read(client: APIClient, user: User) -> None:
    like_of(user)
    settle()

    answers = [client.post(READ, {}) for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (200, {"unread_count": 0, "is_capped": False})
    ] * 2


def test_a_group_that_rises_is_unread_again(client: APIClient, user: User) -> None:
    post = PostFactory.create(author=user)
    for _ in range(2):
        like_post(user_id=UserFactory.create().id, post_id=post.id)
        settle()
        assert [one["is_read"] for one in page(client)["results"]] == [False]
        client.post(READ, {})


@pytest.mark.parametrize("up_to", ["", "0", "-1", "abc", 7, "9" * 19, "9" * 20, ["1"]])
def test_what_is_no_place_is_refused(client: APIClient, user: User, up_to: Any) -> None:
    like_of(user)
    settle()
    before = everything_stored()

    answer = client.post(READ, {"up_to": up_to})

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert answer.json()["errors"] == [
        {
            "pointer": "/up_to",
            "code": "invalid",
            "detail": "up_to is an id: a string of decimal digits, from 1 to 9223372036854775807.",
        }
    ]
    assert everything_stored() == before


def test_null_is_no_place(client: APIClient) -> None:
    answer = client.post(READ, {"up_to": None})

    assert [(row["pointer"], row["code"]) for row in answer.json()["errors"]] == [("/up_to", "null")]


@pytest.mark.parametrize("groups", [1, 3, 20])
def test_a_page_costs_the_session_and_one_statement(
    client: APIClient, user: User, groups: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(groups):
        like_of(user, by=2)
    settle()
    page(client)  # prepares what is prepared once per connection

    with django_assert_num_queries(2):
        assert len(page(client)["results"]) == groups
    client.get(UNREAD)
    with django_assert_num_queries(2):
        client.get(UNREAD)
