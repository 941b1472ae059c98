from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.api.serializers import AuthorOutput, author_json
from accounts.models import User
from posts.models import Post
from puppies.models import Delivery, LedgerEntry
from tests.conftest import SignIn
from tests.factories import PostFactory, UserFactory

UNSEEN = [Post.State.WAITING, Post.State.HIDDEN, Post.State.DELETED]


def contents(response: Any) -> list[str]:
    return [post["content"] for post in response.json()["results"]]


def refusals(response: Any) -> list[tuple[str, str]]:
    return [(row["pointer"], row["code"]) for row in response.json()["errors"]]


def without_address(response: Any) -> dict[str, Any]:
    """A problem document but for what names this very request."""
    return {name: value for name, value in response.json().items() if name not in {"instance", "trace_id"}}


def test_a_new_post_is_answered_as_everybody_sees_it(client: APIClient, user: User) -> None:
    response = client.post("/v1/posts", {"content": " hello 🐶\nworld "})

    post = Post.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "id": str(post.id),
        "author": {"id": str(user.id), "username": user.username, "display_name": "", "avatar_url": None},
        "content": "hello 🐶\nworld",
        "media": None,
        "like_count": 0,
        "comment_count": 0,
        "created_at": post.created_at.isoformat().replace("+00:00", "Z"),
        "edited_at": None,
        "viewer": {"liked": False},
    }
    assert client.get(f"/v1/posts/{post.id}").json() == response.json()


def test_an_author_has_one_shape_wherever_it_is_shown(client: APIClient, user: User) -> None:
    author = client.post("/v1/posts", {"content": "hello"}).json()["author"]

    assert author == author_json(user.id, user.username, user.display_name)
    assert set(author) == set(AuthorOutput().fields)


def test_the_longest_post_has_2200_characters(client: APIClient) -> None:
    assert client.post("/v1/posts", {"content": "🐶" * 2_200}).status_code == 201
    assert client.post("/v1/posts", {"content": "x" * 2_201}).status_code == 400
    assert Post.objects.get().content == "🐶" * 2_200


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/content", "required"),
        ({"content": None}, "/content", "null"),
        ({"content": ""}, "/content", "blank"),
        ({"content": " \n\t "}, "/content", "blank"),
        ({"content": "\u200b\u200d"}, "/content", "blank"),
        ({"content": "a\x00b"}, "/content", "null_characters_not_allowed"),
        ({"content": "x" * 2_201}, "/content", "max_length"),
        ({"content": 7}, "/content", "invalid"),
        ({"content": True}, "/content", "invalid"),
        ({"content": ["hello"]}, "/content", "invalid"),
        ({"content": {"text": "hello"}}, "/content", "invalid"),
        ({"content": "hello", "author": "1"}, "/author", "unknown_field"),
        ({"content": "hello", "like_count": 9}, "/like_count", "unknown_field"),
    ],
)
def test_a_bad_post_is_refused(client: APIClient, body: dict[str, Any], pointer: str, code: str) -> None:
    response = client.post("/v1/posts", body)

    assert (response.status_code, response.json()["code"]) == (400, "validation_failed")
    assert refusals(response) == [(pointer, code)]
    assert (Post.objects.count(), Delivery.objects.count(), LedgerEntry.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}])
def test_a_post_that_cannot_be_answered_is_not_there(client: APIClient, headers: dict[str, str]) -> None:
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE interactions_like RENAME TO away")

    response = client.post("/v1/posts", {"content": "hello"}, headers=headers)

    assert response.status_code == 500
    assert (Post.objects.count(), Delivery.objects.count(), LedgerEntry.objects.count()) == (0, 0, 0)


def test_a_new_post_says_where_it_is_also_to_who_asks_again(client: APIClient) -> None:
    first, again = (
        client.post("/v1/posts", {"content": "hello"}, headers={"Idempotency-Key": "once"}) for _ in range(2)
    )

    assert first["Location"] == again["Location"] == f"/v1/posts/{first.json()['id']}"
    read = client.get(first["Location"])
    assert read.json() == first.json()
    assert read["ETag"] == first["ETag"] == again["ETag"]
    assert client.get(first["Location"].replace("posts/", "posts/0")).status_code == 404


def test_posting_needs_signing_in(anonymous_client: APIClient) -> None:
    response = anonymous_client.post("/v1/posts", {"content": "hello"})

    assert (response.status_code, Post.objects.count()) == (401, 0)


def test_a_post_is_public(anonymous_client: APIClient) -> None:
    post = PostFactory.create(content="hello")

    response = anonymous_client.get(f"/v1/posts/{post.id}")

    assert (response.status_code, response.json()["content"]) == (200, "hello")
    assert response.json()["viewer"] == {"liked": False}


def test_a_post_tells_each_viewer_what_it_did(client: APIClient, sign_in: SignIn) -> None:
    post = PostFactory.create()
    client.post(f"/v1/posts/{post.id}/likes")

    mine = client.get(f"/v1/posts/{post.id}").json()
    others = sign_in(UserFactory.create()).get(f"/v1/posts/{post.id}").json()

    assert (mine["viewer"]["liked"], mine["like_count"]) == (True, 1)
    assert (others["viewer"]["liked"], others["like_count"]) == (False, 1)


@pytest.mark.parametrize("state", UNSEEN)
def test_an_unseen_post_is_answered_like_an_absent_one(
    client: APIClient, user: User, state: Post.State
) -> None:
    post = PostFactory.create(author=user)
    absent = without_address(client.get("/v1/posts/1"))
    Post.objects.update(state=state)

    response = client.get(f"/v1/posts/{post.id}")

    assert response.status_code == 404
    assert without_address(response) == absent


def test_a_post_of_a_suspended_author_is_answered_like_an_absent_one(client: APIClient) -> None:
    post = PostFactory.create()
    User.objects.filter(id=post.author_id).update(state=User.State.SUSPENDED)

    response = client.get(f"/v1/posts/{post.id}")

    assert response.status_code == 404
    assert without_address(response) == without_address(client.get("/v1/posts/1"))


@pytest.mark.parametrize("raw", ["0", "-1", "1.0", "abc", "%00", "9" * 19, "9" * 5_000, "٣", "1%20", "null"])
def test_what_is_no_id_is_404(client: APIClient, raw: str) -> None:
    response = client.get(f"/v1/posts/{raw}")

    assert response.status_code == 404
    assert without_address(response) == without_address(client.get("/v1/posts/1"))


def test_a_profile_lists_its_posts_in_pages_both_ways(client: APIClient) -> None:
    author = UserFactory.create()
    for number in range(5):
        PostFactory.create(author=author, content=str(number))
    PostFactory.create(content="of another")
    first = client.get(f"/v1/users/{author.username}/posts?limit=2")

    second = client.get(first.json()["next"])
    third = client.get(second.json()["next"])
    back = client.get(third.json()["previous"])

    pages = [contents(response) for response in (first, second, third, back)]
    assert pages == [["4", "3"], ["2", "1"], ["0"], ["2", "1"]]
    assert third.json()["next"] is None


def test_polling_a_profile_shows_new_posts_once(client: APIClient) -> None:
    author = UserFactory.create()
    PostFactory.create(author=author, content="old")
    first = client.get(f"/v1/users/{author.username}/posts").json()

    nothing = client.get(first["previous"])
    PostFactory.create(author=author, content="new")
    something = client.get(nothing.json()["previous"])
    nothing_again = client.get(something.json()["previous"])

    assert [contents(response) for response in (nothing, something, nothing_again)] == [[], ["new"], []]


@pytest.mark.parametrize("state", UNSEEN)
def test_a_profile_shows_only_what_may_be_seen(client: APIClient, user: User, state: Post.State) -> None:
    PostFactory.create(author=user, content="seen")
    unseen = PostFactory.create(author=user, content="unseen")
    Post.objects.filter(id=unseen.id).update(state=state)

    assert contents(client.get(f"/v1/users/{user.username}/posts")) == ["seen"]


def test_a_cursor_of_one_profile_is_no_good_for_another(client: APIClient, user: User) -> None:
    other = UserFactory.create()
    PostFactory.create(author=user)
    PostFactory.create(author=user)
    following = client.get(f"/v1/users/{user.username}/posts?limit=1").json()["next"]

    response = client.get(following.replace(user.username, other.username))

    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "code"),
    [("limit=0", "invalid_limit"), ("limit=101", "invalid_limit"), ("cursor=x", "invalid_cursor")],
)
def test_a_list_refuses_what_it_does_not_understand(
    client: APIClient, user: User, query: str, code: str
) -> None:
    response = client.get(f"/v1/users/{user.username}/posts?{query}")

    assert (response.status_code, response.json()["code"]) == (400, code)
