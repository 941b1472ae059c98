"""The life of a comment through HTTP."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import User
from interactions.comments.services import hide_comment
from interactions.models import COMMENT_LENGTH, Comment
from posts.models import Post
from tests.conftest import SignIn
from tests.database import everything_stored
from tests.factories import CommentFactory, PostFactory, UserFactory
from tests.interactions.comments.counting import author_of


def comments(post: Post) -> str:
    return f"/v1/posts/{post.id}/comments"


def one(comment: Comment | str) -> str:
    return f"/v1/comments/{comment if isinstance(comment, str) else comment.id}"


def of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_comment_is_published_read_changed_and_deleted(client: APIClient, user: User) -> None:
    post = PostFactory.create()

    made = client.post(comments(post), {"content": "  Good boy. "})
    comment = made.json()
    read = client.get(made["Location"])
    changed = client.patch(
        made["Location"], {"content": "Very good boy."}, headers={"If-Match": made["ETag"]}
    )
    listed = client.get(comments(post)).json()["results"]
    count = client.get(f"/v1/posts/{post.id}").json()["comment_count"]
    deleted = client.delete(made["Location"])

    assert (made.status_code, made["Location"]) == (201, one(comment["id"]))
    assert comment == {
        "id": comment["id"],
        "post_id": str(post.id),
        "thread_id": comment["id"],
        "parent_id": None,
        "author": {"id": str(user.id), "username": user.username, "display_name": "", "avatar_url": None},
        "content": "Good boy.",
        "hidden": False,
        "unavailable": False,
        "created_at": comment["created_at"],
        "edited_at": None,
    }
    assert (read.status_code, read.json()) == (200, comment)
    assert (changed.status_code, changed.json()["content"]) == (200, "Very good boy.")
    assert changed.json()["edited_at"] > comment["created_at"]
    assert (listed, count) == ([changed.json()], 1)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert of(client.get(one(comment["id"]))) == (404, "not_found")
    assert client.get(comments(post)).json()["results"] == []
    assert client.get(f"/v1/posts/{post.id}").json()["comment_count"] == 0


def test_replies_stand_in_the_thread_of_what_they_answer(client: APIClient) -> None:
    post = PostFactory.create()
    roots = [client.post(comments(post), {"content": f"root {number}"}).json() for number in (1, 2)]
    reply = client.post(comments(post), {"content": "reply", "parent_id": roots[0]["id"]}).json()
    deeper = client.post(comments(post), {"content": "deeper", "parent_id": reply["id"]}).json()

    listed = client.get(comments(post)).json()

    assert listed == {"results": [roots[0], reply, deeper, roots[1]], "next": None, "previous": None}
    assert [(row["thread_id"], row["parent_id"]) for row in (reply, deeper)] == [
        (roots[0]["id"], roots[0]["id"]),
        (roots[0]["id"], reply["id"]),
    ]


def test_what_is_no_comment_of_this_post_cannot_be_answered(client: APIClient, sign_in: SignIn) -> None:
    post, elsewhere = PostFactory.create(), CommentFactory.create()
    hidden, deleted = CommentFactory.create(post=post), CommentFactory.create(post=post)
    CommentFactory.create(parent=deleted)
    hide_comment(user_id=post.author_id, comment_id=hidden.id)
    sign_in(author_of(deleted)).delete(one(deleted))
    before = everything_stored()

    answers = [
        client.post(comments(post), {"content": "wuff", "parent_id": str(parent)})
        for parent in (1, elsewhere.id, hidden.id, deleted.id, 9_999_999_999_999_999_999)
    ]

    assert [of(answer) for answer in answers] == [(409, "unknown_parent")] * 5
    assert everything_stored() == before


@pytest.mark.parametrize("parent", ["", "0", "-1", "abc", "01", 7, True, ["1"], {"id": "1"}, "٣"])
def test_what_is_no_id_is_refused_as_a_parent(client: APIClient, parent: Any) -> None:
    post = PostFactory.create()
    before = everything_stored()

    answer = client.post(comments(post), {"content": "wuff", "parent_id": parent})

    assert of(answer) == (400, "validation_failed")
    assert [row["pointer"] for row in answer.json()["errors"]] == ["/parent_id"]
    assert everything_stored() == before


def test_no_parent_may_be_said_as_null(client: APIClient) -> None:
    answer = client.post(comments(PostFactory.create()), {"content": "wuff", "parent_id": None})

    assert (answer.status_code, answer.json()["parent_id"]) == (201, None)


@pytest.mark.parametrize("content", ["", " \n ", "\u200b", "x" * (COMMENT_LENGTH + 1), None, 7])
@pytest.mark.parametrize("method", ["post", "patch"])
def test_text_that_shows_nothing_or_too_much_is_refused(
    client: APIClient, user: User, method: str, content: Any
) -> None:
    comment = CommentFactory.create(author=user)
    before = everything_stored()

    where = comments(comment.post) if method == "post" else one(comment)
    answer = getattr(client, method)(where, {"content": content})

    assert of(answer) == (400, "validation_failed")
    assert everything_stored() == before


def test_as_much_as_is_allowed_is_taken(client: APIClient) -> None:
    answer = client.post(comments(PostFactory.create()), {"content": "x" * COMMENT_LENGTH})

    assert (answer.status_code, answer.json()["content"]) == (201, "x" * COMMENT_LENGTH)


def test_a_repeated_request_comments_once(client: APIClient) -> None:
    post = PostFactory.create()

    first, second = (
        client.post(comments(post), {"content": "wuff"}, headers={"Idempotency-Key": "a"}) for _ in range(2)
    )
    other = client.post(comments(post), {"content": "other"}, headers={"Idempotency-Key": "a"})

    assert (second.status_code, second.json(), second["Location"]) == (201, first.json(), first["Location"])
    assert second["Idempotency-Replayed"] == "true"
    assert first["ETag"] == second["ETag"] == client.get(first["Location"])["ETag"]
    assert of(other) == (422, "idempotency_key_reused")
    assert Comment.objects.count() == 1
    assert client.get(f"/v1/posts/{post.id}").json()["comment_count"] == 1


def test_a_comment_that_one_has_already_is_not_sent_again(client: APIClient, user: User) -> None:
    comment = CommentFactory.create(author=user)
    tag = client.get(one(comment))["ETag"]

    same = client.get(one(comment), headers={"If-None-Match": tag})
    client.patch(one(comment), {"content": "other"})
    changed = client.get(one(comment), headers={"If-None-Match": tag})

    assert (same.status_code, same.content) == (304, b"")
    assert changed.status_code == 200


def test_a_change_based_on_an_older_text_is_refused(client: APIClient, user: User) -> None:
    comment = CommentFactory.create(author=user)
    tag = client.get(one(comment))["ETag"]
    current = client.patch(one(comment), {"content": "second"})
    before = everything_stored()

    refused = client.patch(one(comment), {"content": "third"}, headers={"If-Match": tag})

    assert of(refused) == (412, "precondition_failed")
    assert everything_stored() == before
    again = client.patch(one(comment), {"content": "third"}, headers={"If-Match": current["ETag"]})
    assert again.status_code == 200


def test_the_same_text_again_or_none_is_no_edit(client: APIClient, user: User) -> None:
    comment = CommentFactory.create(author=user)

    answers = [client.patch(one(comment), body) for body in ({"content": comment.content}, {})]

    assert [(row.status_code, row.json()["edited_at"]) for row in answers] == [(200, None)] * 2


@pytest.mark.parametrize("raw", ["1", "0", "abc", "-1", "%00", "9" * 30])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "posts/{}/comments"),
        ("post", "posts/{}/comments"),
        ("get", "comments/{}"),
        ("patch", "comments/{}"),
        ("delete", "comments/{}"),
        ("post", "comments/{}/hide"),
        ("delete", "comments/{}/hide"),
    ],
)
def test_what_does_not_exist_is_404(client: APIClient, method: str, path: str, raw: str) -> None:
    body = {"content": "wuff"} if method in {"post", "patch"} else None

    assert of(getattr(client, method)(f"/v1/{path.format(raw)}", body)) == (404, "not_found")
    assert Comment.objects.count() == 0


def test_deleting_again_is_404(client: APIClient, user: User) -> None:
    comment = CommentFactory.create(author=user)

    answers = [client.delete(one(comment)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]


def test_a_deleted_root_keeps_the_place_of_its_thread_until_the_last_reply_goes(
    client: APIClient, user: User, sign_in: SignIn
) -> None:
    root = CommentFactory.create(author=user)
    reply = CommentFactory.create(parent=root)
    before = client.get(one(root)).json()

    client.delete(one(root))
    listed = client.get(comments(root.post)).json()["results"]
    alone = client.get(one(root))
    sign_in(author_of(reply)).delete(one(reply))

    assert listed[0] == before | {"author": None, "content": None, "unavailable": True}
    assert [row["id"] for row in listed] == [str(root.id), str(reply.id)]
    assert of(alone) == (404, "not_found")
    assert (client.get(comments(root.post)).json()["results"], Comment.objects.count()) == ([], 0)


def test_commenting_needs_signing_in(anonymous_client: APIClient) -> None:
    comment = CommentFactory.create()

    refused = anonymous_client.post(comments(comment.post), {"content": "wuff"})
    listed = anonymous_client.get(comments(comment.post))

    assert (of(refused), Comment.objects.count()) == ((401, "unauthenticated"), 1)
    assert [row["id"] for row in listed.json()["results"]] == [str(comment.id)]


def test_a_cursor_belongs_to_its_post_and_its_reader(client: APIClient, sign_in: SignIn) -> None:
    post, other = PostFactory.create(), PostFactory.create()
    CommentFactory.create_batch(2, post=post)
    cursor = client.get(f"{comments(post)}?limit=1").json()["next"].rpartition("cursor=")[2]

    answers = [
        client.get(f"{comments(other)}?cursor={cursor}"),
        sign_in(UserFactory.create()).get(f"{comments(post)}?cursor={cursor}"),
        client.get(f"{comments(post)}?cursor={cursor}x"),
    ]

    assert [of(answer) for answer in answers] == [(400, "invalid_cursor")] * 3


@pytest.mark.parametrize("replies", [0, 1, 3])
def test_deleting_costs_the_same_however_many_replied(
    client: APIClient, user: User, replies: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first, second = CommentFactory.create_batch(2, author=user)
    CommentFactory.create_batch(replies, parent=second)
    client.delete(one(first))

    with django_assert_num_queries(10):
        assert client.delete(one(second)).status_code == 204
