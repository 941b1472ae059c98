"""`ETag`, `If-None-Match` and `If-Match`."""

from datetime import UTC, datetime

import pytest
from django.test import RequestFactory
from rest_framework.request import Request
from rest_framework.test import APIClient

from interactions.services import like_post
from posts.models import Post
from puppies.api.conditional import PreconditionFailed, entity_tag, refuse_other_version, version_of
from tests.factories import PostFactory, UserFactory

VERSION = version_of("hello", None)
TAG = entity_tag({"content": "hello"}, version=VERSION)


def changing(if_match: str) -> Request:
    return Request(RequestFactory().patch("/", headers={"If-Match": if_match}))


def test_who_has_it_already_is_sent_nothing(client: APIClient) -> None:
    post = PostFactory.create()
    first = client.get(f"/v1/posts/{post.id}")

    again = client.get(f"/v1/posts/{post.id}", headers={"If-None-Match": first["ETag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again["ETag"] == first["ETag"]
    assert "Content-Length" not in again
    assert "Authorization" in again["Vary"]
    assert again["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("form", ["W/{tag}", '"other", {tag}', "{tag},W/{tag}", "*"])
def test_every_way_to_name_it(client: APIClient, form: str) -> None:
    post = PostFactory.create()
    tag = client.get(f"/v1/posts/{post.id}")["ETag"]

    response = client.get(f"/v1/posts/{post.id}", headers={"If-None-Match": form.format(tag=tag)})

    assert response.status_code == 304


@pytest.mark.parametrize("given", ['"other"', "nonsense", "", '"', "\x00", "*" * 5_000])
def test_any_other_tag_gets_the_whole(client: APIClient, given: str) -> None:
    post = PostFactory.create()

    response = client.get(f"/v1/posts/{post.id}", headers={"If-None-Match": given})

    assert (response.status_code, response.json()["id"]) == (200, str(post.id))


def test_a_like_is_another_representation_of_the_same_version(client: APIClient) -> None:
    post = PostFactory.create()
    before = client.get(f"/v1/posts/{post.id}")["ETag"]
    like_post(user_id=UserFactory.create().id, post_id=post.id)

    response = client.get(f"/v1/posts/{post.id}", headers={"If-None-Match": before})

    assert (response.status_code, response.json()["like_count"]) == (200, 1)
    assert response["ETag"] != before
    assert response["ETag"].partition(".")[0] == before.partition(".")[0]


def test_an_edit_is_another_version(client: APIClient) -> None:
    post = PostFactory.create()
    before = client.get(f"/v1/posts/{post.id}")["ETag"]
    Post.objects.update(content="edited")

    after = client.get(f"/v1/posts/{post.id}")["ETag"]

    assert after.partition(".")[0] != before.partition(".")[0]


def test_what_each_caller_sees_has_a_tag_of_its_own(client: APIClient, anonymous_client: APIClient) -> None:
    post = PostFactory.create()
    client.post(f"/v1/posts/{post.id}/likes")

    mine, others = (caller.get(f"/v1/posts/{post.id}")["ETag"] for caller in (client, anonymous_client))

    assert mine != others


def test_what_is_not_there_has_no_tag(client: APIClient) -> None:
    response = client.get("/v1/posts/1", headers={"If-None-Match": "*"})

    assert (response.status_code, response.has_header("ETag")) == (404, False)


@pytest.mark.parametrize("if_match", [TAG, f'"other", {TAG}', "*", entity_tag({"likes": 7}, version=VERSION)])
def test_a_change_of_the_version_at_hand_is_let_through(if_match: str) -> None:
    refuse_other_version(changing(if_match), version=VERSION)


@pytest.mark.parametrize(
    "if_match",
    [
        f"W/{TAG}",
        '"other"',
        "nonsense",
        "",
        entity_tag({}, version=version_of("hello", datetime(2026, 11, 22, tzinfo=UTC))),
    ],
)
def test_a_change_of_another_version_is_refused(if_match: str) -> None:
    with pytest.raises(PreconditionFailed) as refusal:
        refuse_other_version(changing(if_match), version=VERSION)

    assert (refusal.value.status, refusal.value.code) == (412, "precondition_failed")


def test_a_change_without_a_condition_is_let_through() -> None:
    refuse_other_version(Request(RequestFactory().patch("/")), version=VERSION)
