"""What is whose to do with a comment: its author changes and deletes it, the post's author hides it."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.blocking import block_user
from accounts.models import User
from accounts.roles import OPERATOR, suspend_user
from interactions.comments.moderating import remove_comment
from interactions.models import Comment
from posts.models import Post
from tests.conftest import SignIn
from tests.database import everything_stored
from tests.factories import CommentFactory, PostFactory, UserFactory
from tests.interactions.comments.counting import author_of
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


def by_the_troll(post: Post, troll: User) -> None:
    block_user(blocker_id=troll.id, blocked_id=post.author_id)


def by_the_posts_author(post: Post, troll: User) -> None:
    block_user(blocker_id=post.author_id, blocked_id=troll.id)


BLOCKS = pytest.mark.parametrize("block", [by_the_troll, by_the_posts_author])


@BLOCKS
def test_a_block_keeps_nobody_from_hiding_what_others_read_under_the_post(
    client: APIClient, user: User, anonymous_client: APIClient, block: Callable[[Post, User], None]
) -> None:
    comment = CommentFactory.create(post=PostFactory.create(author=user), content="vile")
    block(comment.post, author_of(comment))
    path = f"/v1/posts/{comment.post_id}/comments"
    read = anonymous_client.get(path).json()["results"]

    hidden = [client.post(f"{one(comment)}/hide") for _ in range(2)]
    read_then, count = (
        anonymous_client.get(path).json()["results"],
        client.get(path[:-9]).json()["comment_count"],
    )
    shown = client.delete(f"{one(comment)}/hide")

    assert [(answer.status_code, answer.json()) for answer in hidden] == [
        (200, {**read[0], "hidden": True})
    ] * 2
    assert (read_then, count) == ([], 0)
    assert (shown.status_code, anonymous_client.get(path).json()["results"]) == (204, read)
    assert of(client.get(one(comment))) == (404, "not_found")


@pytest.mark.parametrize("method", ["post", "delete"])
def test_what_nobody_sees_is_nothing_to_hide(client: APIClient, user: User, method: str) -> None:
    """A comment of an account that is not active, and what stands under a post that is gone."""
    comments = CommentFactory.create_batch(2, post=PostFactory.create(author=user))
    suspend_user(actor_id=OPERATOR, user_id=comments[0].author_id)
    under_gone = CommentFactory.create(post=PostFactory.create(author=user))
    Post.objects.filter(id=under_gone.post_id).update(state=Post.State.DELETED)
    before = everything_stored()

    answers = [getattr(client, method)(f"{one(comment)}/hide") for comment in (comments[0], under_gone)]

    assert [of(answer) for answer in answers] == [(404, "not_found")] * 2
    assert everything_stored() == before


@pytest.mark.parametrize("method", ["post", "delete"])
@BLOCKS
def test_across_a_block_others_comments_are_not_there_to_hide(
    client: APIClient, user: User, block: Callable[[Post, User], None], method: str
) -> None:
    comment = CommentFactory.create()
    block(comment.post, user)
    before = everything_stored()

    assert of(getattr(client, method)(f"{one(comment)}/hide")) == (404, "not_found")
    assert everything_stored() == before


def hidden(post: Post, _: User) -> None:
    Post.objects.filter(id=post.id).update(state=Post.State.HIDDEN)


def deleted(post: Post, _: User) -> None:
    Post.objects.filter(id=post.id).update(state=Post.State.DELETED)


def suspended(post: Post, _: User) -> None:
    suspend_user(actor_id=OPERATOR, user_id=post.author_id)


@pytest.mark.parametrize("away", [by_the_troll, by_the_posts_author, hidden, deleted, suspended])
def test_one_deletes_ones_own_comment_whatever_became_of_the_post(
    client: APIClient, user: User, sign_in: SignIn, away: Callable[[Post, User], None]
) -> None:
    comment = CommentFactory.create(author=user)
    stranger = UserFactory.create()
    block_user(blocker_id=user.id, blocked_id=stranger.id)
    away(comment.post, user)

    refused = sign_in(stranger).delete(one(comment))
    answers = [client.delete(one(comment)) for _ in range(2)]

    assert of(refused) == (404, "not_found")
    assert [answer.status_code for answer in answers] == [204, 404]
    assert not Comment.objects.filter(id=comment.id).exists()
