"""What is whose to do with a comment: its author changes and deletes it, the post's author hides it."""

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from interactions.comments.moderating import remove_comment
from tests.database import everything_stored
from tests.factories import CommentFactory, PostFactory
from tests.interactions.comments.test_api import of, one


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_only_its_author_changes_and_deletes_a_comment(
    client: APIClient, user: User, anonymous_client: APIClient, method: str
) -> None:
    comment = CommentFactory.create(post=PostFactory.create(author=user))
    before = everything_stored()

    answers = [
        getattr(caller, method)(one(comment), {"content": "mine"}) for caller in (client, anonymous_client)
    ]

    assert [of(answer) for answer in answers] == [(403, "not_the_author"), (401, "unauthenticated")]
    assert everything_stored() == before


@pytest.mark.parametrize("method", ["post", "delete"])
def test_only_the_posts_author_hides(client: APIClient, user: User, method: str) -> None:
    """Neither whoever wrote the comment nor anybody else."""
    mine, other = CommentFactory.create(author=user), CommentFactory.create()
    before = everything_stored()

    answers = [getattr(client, method)(f"{one(comment)}/hide") for comment in (mine, other)]

    assert [of(answer) for answer in answers] == [(403, "not_the_posts_author")] * 2
    assert everything_stored() == before


def test_a_comment_is_hidden_and_shown_again(client: APIClient, user: User) -> None:
    comment = CommentFactory.create(post=PostFactory.create(author=user))
    post = f"/v1/posts/{comment.post_id}"

    hidden = [client.post(f"{one(comment)}/hide") for _ in range(2)]
    count = client.get(post).json()["comment_count"]
    listed = client.get(f"{post}/comments").json()["results"]
    shown = [client.delete(f"{one(comment)}/hide") for _ in range(2)]

    assert [(answer.status_code, answer.json()["hidden"]) for answer in hidden] == [(200, True)] * 2
    assert (count, listed) == (0, [hidden[0].json()])
    assert [answer.status_code for answer in shown] == [204, 204]
    assert client.get(one(comment)).json()["hidden"] is False
    assert client.get(post).json()["comment_count"] == 1


def test_what_a_moderator_removed_stays_removed(client: APIClient, user: User) -> None:
    comment = CommentFactory.create(post=PostFactory.create(author=user))
    remove_comment(actor_id=None, comment_id=comment.id)
    before = everything_stored()

    refused, again = client.delete(f"{one(comment)}/hide"), client.post(f"{one(comment)}/hide")

    assert of(refused) == (403, "removed_by_moderator")
    assert (again.status_code, again.json()["hidden"]) == (200, True)
    assert everything_stored() == before
