"""Who sees which comments, and may write them: decided when it is asked, by the statements themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.blocking import block_user, mute_user, unblock_user
from accounts.models import User
from accounts.policy import Role
from accounts.roles import OPERATOR, grant_role, restore_user, suspend_user
from interactions.comments.moderating import remove_comment
from interactions.comments.services import delete_comment, hide_comment
from interactions.models import Comment
from posts.models import Post
from tests.conftest import SignIn
from tests.database import everything_stored
from tests.factories import CommentFactory, PostFactory, UserFactory
from tests.interactions.comments.counting import author_of


def listed(client: APIClient, post: Post) -> list[str | None]:
    """The contents of the list, None for what only keeps its place."""
    answer = client.get(f"/v1/posts/{post.id}/comments")
    assert answer.status_code == 200
    return [row["content"] for row in answer.json()["results"]]


def status_of(client: APIClient, comment: Comment) -> int:
    return int(client.get(f"/v1/comments/{comment.id}").status_code)


def suspend(user: User) -> None:
    suspend_user(actor_id=OPERATOR, user_id=user.id)


ASK: dict[str, Callable[[APIClient, Comment | Any], Any]] = {
    "list": lambda client, names: client.get(f"/v1/posts/{names.post_id}/comments"),
    "write": lambda client, names: client.post(f"/v1/posts/{names.post_id}/comments", {"content": "wuff"}),
    "read": lambda client, names: client.get(f"/v1/comments/{names.id}"),
    "change": lambda client, names: client.patch(f"/v1/comments/{names.id}", {"content": "wuff"}),
    "hide": lambda client, names: client.post(f"/v1/comments/{names.id}/hide"),
    "unhide": lambda client, names: client.delete(f"/v1/comments/{names.id}/hide"),
}


class Absent:
    """Ids that nothing has."""

    id = post_id = 999


def waiting(comment: Comment, _: User) -> None:
    Post.objects.filter(id=comment.post_id).update(state=Post.State.WAITING)


def hidden(comment: Comment, _: User) -> None:
    Post.objects.filter(id=comment.post_id).update(state=Post.State.HIDDEN)


def deleted(comment: Comment, _: User) -> None:
    Post.objects.filter(id=comment.post_id).update(state=Post.State.DELETED)


def suspended(comment: Comment, _: User) -> None:
    suspend(comment.post.author)


def blocked(comment: Comment, user: User) -> None:
    block_user(blocker_id=comment.post.author_id, blocked_id=user.id)


def blocking(comment: Comment, user: User) -> None:
    block_user(blocker_id=user.id, blocked_id=comment.post.author_id)


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
@pytest.mark.parametrize("away", [waiting, hidden, deleted, suspended, blocked, blocking])
def test_under_a_post_that_cannot_be_seen_there_is_nothing(
    client: APIClient, user: User, away: Callable[[Comment, User], None], ask: Callable[..., Any]
) -> None:
    """Not for whoever wrote the comment either, but to delete it, and told as what never was."""
    comment = CommentFactory.create(author=user)
    away(comment, user)
    before = everything_stored()

    answers = [ask(client, names) for names in (comment, Absent)]

    bodies = [answer.json() for answer in answers]
    for body in bodies:
        del body["instance"], body["trace_id"]
    assert answers[0].status_code == answers[1].status_code == 404
    assert bodies[0] == bodies[1]
    assert everything_stored() == before


@pytest.mark.parametrize("blocks", [True, False], ids=["the one who blocks", "the one who is blocked"])
def test_across_a_block_there_are_no_comments(
    client: APIClient, user: User, sign_in: SignIn, *, blocks: bool
) -> None:
    post = PostFactory.create()
    mine, other = CommentFactory.create(post=post, author=user), CommentFactory.create(post=post)
    blocker, blocked_one = (user, author_of(other)) if blocks else (author_of(other), user)
    block_user(blocker_id=blocker.id, blocked_id=blocked_one.id)
    answer = {"content": "wuff", "parent_id": str(other.id)}

    replied = client.post(f"/v1/posts/{post.id}/comments", answer)

    assert listed(client, post) == [mine.content]
    assert listed(sign_in(author_of(other)), post) == [other.content]
    assert listed(sign_in(post.author), post) == [mine.content, other.content]
    assert (status_of(client, mine), status_of(client, other)) == (200, 404)
    assert (replied.status_code, replied.json()["code"]) == (409, "unknown_parent")

    unblock_user(blocker_id=blocker.id, blocked_id=blocked_one.id)

    assert listed(client, post) == [mine.content, other.content]


def test_comments_of_accounts_that_are_not_active_are_left_out(client: APIClient) -> None:
    comment = CommentFactory.create()
    suspend(author_of(comment))

    away = listed(client, comment.post), status_of(client, comment)
    restore_user(actor_id=OPERATOR, user_id=comment.author_id)

    assert away == ([], 404)
    assert (listed(client, comment.post), status_of(client, comment)) == ([comment.content], 200)


def test_comments_of_muted_accounts_are_shown(client: APIClient, user: User) -> None:
    comment = CommentFactory.create()
    mute_user(muter_id=user.id, muted_id=comment.author_id)

    assert listed(client, comment.post) == [comment.content]


def hide(comment: Comment) -> None:
    hide_comment(user_id=comment.post.author_id, comment_id=comment.id)


def remove(comment: Comment) -> None:
    remove_comment(actor_id=OPERATOR, comment_id=comment.id)


@pytest.mark.parametrize("act", [hide, remove])
def test_a_hidden_comment_is_seen_by_few_and_marked(
    client: APIClient, anonymous_client: APIClient, sign_in: SignIn, act: Callable[[Comment], None]
) -> None:
    comment = CommentFactory.create()
    moderator = UserFactory.create()
    grant_role(actor_id=OPERATOR, user_id=moderator.id, role=Role.MODERATOR)
    act(comment)

    for person in (author_of(comment), comment.post.author, moderator):
        assert sign_in(person).get(f"/v1/comments/{comment.id}").json()["hidden"] is True
        assert listed(sign_in(person), comment.post) == [comment.content]
    for stranger in (client, anonymous_client):
        assert status_of(stranger, comment) == 404
        assert listed(stranger, comment.post) == []


def test_a_moderator_who_is_none_any_more_sees_no_hidden_comments(sign_in: SignIn) -> None:
    comment, moderator = CommentFactory.create(), UserFactory.create()
    for role in (Role.MODERATOR, Role.USER):
        grant_role(actor_id=OPERATOR, user_id=moderator.id, role=role)
    hide(comment)

    assert listed(sign_in(moderator), comment.post) == []


def gone(root: Comment, _: User) -> None:
    delete_comment(user_id=root.author_id, comment_id=root.id)


def root_hidden(root: Comment, _: User) -> None:
    hide(root)


def of_nobody(root: Comment, _: User) -> None:
    suspend(author_of(root))


def across_a_block(root: Comment, user: User) -> None:
    block_user(blocker_id=root.author_id, blocked_id=user.id)


@pytest.mark.parametrize("away", [gone, root_hidden, of_nobody, across_a_block])
def test_a_root_that_cannot_be_seen_keeps_the_place_of_a_thread_with_replies(
    client: APIClient, user: User, away: Callable[[Comment, User], None]
) -> None:
    """However it became invisible, it is told alike, and nothing of who wrote what."""
    root = CommentFactory.create()
    reply = CommentFactory.create(parent=root)
    away(root, user)

    first, second = client.get(f"/v1/posts/{root.post_id}/comments").json()["results"]

    assert {name: first[name] for name in first if name != "created_at"} == {
        "id": str(root.id),
        "post_id": str(root.post_id),
        "thread_id": str(root.id),
        "parent_id": None,
        "author": None,
        "content": None,
        "hidden": False,
        "unavailable": True,
        "edited_at": None,
    }
    assert (second["content"], second["unavailable"]) == (reply.content, False)


@pytest.mark.parametrize("away", [gone, root_hidden, of_nobody, across_a_block])
@pytest.mark.parametrize("act", [hide, remove, lambda reply: suspend(author_of(reply))])
def test_a_root_that_cannot_be_seen_over_replies_that_cannot_is_not_listed(
    client: APIClient,
    user: User,
    away: Callable[[Comment, User], None],
    act: Callable[[Comment], None],
) -> None:
    root = CommentFactory.create()
    act(CommentFactory.create(parent=root))
    away(root, user)

    assert listed(client, root.post) == []


def test_one_replies_in_the_thread_of_a_root_that_is_gone(client: APIClient) -> None:
    root = CommentFactory.create()
    reply = CommentFactory.create(parent=root)
    delete_comment(user_id=root.author_id, comment_id=root.id)

    answer = client.post(
        f"/v1/posts/{root.post_id}/comments", {"content": "still here", "parent_id": str(reply.id)}
    )

    assert (answer.status_code, answer.json()["thread_id"]) == (201, str(root.id))
    assert listed(client, root.post) == [None, reply.content, "still here"]
