import pytest
from rest_framework.test import APIClient

from interactions.models import Like
from interactions.services import like_post
from posts.models import Post
from puppies.models import LedgerEntry
from tests.conftest import SignIn
from tests.factories import PostFactory, UserFactory


def likes(post: Post) -> str:
    return f"/v1/posts/{post.id}/likes"


def test_a_like_is_201_the_first_time_and_200_after(client: APIClient) -> None:
    post = PostFactory.create()

    first, second = client.post(likes(post)), client.post(likes(post))

    assert (first.status_code, first.json()) == (201, {"liked": True, "like_count": 1})
    assert (second.status_code, second.json()) == (200, {"liked": True, "like_count": 1})


def test_taking_a_like_back_is_always_200(client: APIClient) -> None:
    post = PostFactory.create()
    client.post(likes(post))

    answers = [client.delete(likes(post)) for _ in range(2)]

    expected = (200, {"liked": False, "like_count": 0})
    assert [(answer.status_code, answer.json()) for answer in answers] == [expected, expected]


def test_the_count_is_everybodys(client: APIClient, sign_in: SignIn) -> None:
    post = PostFactory.create()
    sign_in(UserFactory.create()).post(likes(post))

    assert client.post(likes(post)).json() == {"liked": True, "like_count": 2}
    assert client.delete(likes(post)).json() == {"liked": False, "like_count": 1}


@pytest.mark.parametrize("method", ["post", "delete"])
@pytest.mark.parametrize("state", [Post.State.WAITING, Post.State.HIDDEN, Post.State.DELETED])
def test_a_post_that_cannot_be_seen_is_404(client: APIClient, method: str, state: Post.State) -> None:
    post, fan = PostFactory.create(), UserFactory.create()
    like_post(user_id=fan.id, post_id=post.id)
    Post.objects.update(state=state)
    before = list(LedgerEntry.objects.order_by("id").values())

    response = getattr(client, method)(likes(post))

    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert Like.objects.values_list("user_id", "post_id").get() == (fan.id, post.id)
    assert list(LedgerEntry.objects.order_by("id").values()) == before


@pytest.mark.parametrize("method", ["post", "delete"])
@pytest.mark.parametrize("raw", ["1", "0", "abc", "-1", "%00", "9" * 30])
def test_what_is_no_post_is_404(client: APIClient, method: str, raw: str) -> None:
    assert getattr(client, method)(f"/v1/posts/{raw}/likes").status_code == 404
    assert Like.objects.count() == 0


@pytest.mark.parametrize("method", ["post", "delete"])
def test_liking_needs_signing_in(client: APIClient, anonymous_client: APIClient, method: str) -> None:
    post = PostFactory.create()
    client.post(likes(post))

    response = getattr(anonymous_client, method)(likes(post))

    assert (response.status_code, Like.objects.count()) == (401, 1)
