from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts import selectors
from accounts.blocking import (
    CannotBlockOneself,
    CannotMuteOneself,
    block_user,
    mute_user,
    unblock_user,
    unmute_user,
)
from accounts.models import Block, Follow, Mute, User
from accounts.selectors import Counts, Relationship
from accounts.services import follow_user
from interactions.models import Like
from interactions.services import like_post
from puppies.errors import NotFound
from puppies.models import Delivery, LedgerEntry
from tests.conftest import SignIn
from tests.factories import PostFactory, UserFactory
from tests.threads import run_together

NOBODY = {"following": False, "followed_by": False, "blocking": False, "muting": False}


def befriended() -> tuple[User, User]:
    """Two who follow each other."""
    rex, bella = UserFactory.create(username="rex"), UserFactory.create(username="bella")
    follow_user(follower_id=rex.id, followee_id=bella.id)
    follow_user(follower_id=bella.id, followee_id=rex.id)
    return rex, bella


@pytest.mark.django_db
def test_a_block_severs_follows_in_both_directions_with_their_counts() -> None:
    rex, bella = befriended()

    assert block_user(blocker_id=rex.id, blocked_id=bella.id) is True

    assert list(Follow.objects.all()) == []
    assert selectors.counts_of(user_id=rex.id) == selectors.counts_of(user_id=bella.id) == Counts(0, 0, 0)
    assert selectors.relationship(viewer_id=rex.id, user_id=bella.id) == Relationship(
        following=False, followed_by=False, blocking=True
    )
    assert selectors.relationship(viewer_id=bella.id, user_id=rex.id) == Relationship(
        following=False, followed_by=False
    )


@pytest.mark.django_db
def test_blocking_and_muting_again_change_nothing() -> None:
    rex, bella = befriended()
    block_user(blocker_id=rex.id, blocked_id=bella.id)
    mute_user(muter_id=rex.id, muted_id=bella.id)
    ledger = LedgerEntry.objects.count()

    again = block_user(blocker_id=rex.id, blocked_id=bella.id), mute_user(muter_id=rex.id, muted_id=bella.id)

    assert again == (False, False)
    assert (Block.objects.count(), Mute.objects.count(), LedgerEntry.objects.count()) == (1, 1, ledger)


@pytest.mark.django_db
def test_what_is_taken_back_is_gone_and_may_be_taken_back_again() -> None:
    rex, bella = UserFactory.create_batch(2)
    block_user(blocker_id=rex.id, blocked_id=bella.id)
    mute_user(muter_id=rex.id, muted_id=bella.id)

    unblocked = [unblock_user(blocker_id=rex.id, blocked_id=bella.id) for _ in range(2)]
    unmuted = [unmute_user(muter_id=rex.id, muted_id=bella.id) for _ in range(2)]

    assert (unblocked, unmuted) == ([True, False], [True, False])
    assert (Block.objects.count(), Mute.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_nobody_blocks_or_mutes_oneself() -> None:
    rex = UserFactory.create()

    with pytest.raises(CannotBlockOneself):
        block_user(blocker_id=rex.id, blocked_id=rex.id)
    with pytest.raises(CannotMuteOneself):
        mute_user(muter_id=rex.id, muted_id=rex.id)

    assert (Block.objects.count(), Mute.objects.count()) == (0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("blocks_first", [True, False])
def test_nobody_follows_across_a_block(blocks_first: bool) -> None:
    rex, bella = UserFactory.create_batch(2)
    blocker, blocked = (rex, bella) if blocks_first else (bella, rex)
    block_user(blocker_id=blocker.id, blocked_id=blocked.id)

    with pytest.raises(NotFound):
        follow_user(follower_id=rex.id, followee_id=bella.id)

    assert (Follow.objects.count(), Delivery.objects.count(), LedgerEntry.objects.count()) == (0, 0, 0)


def _follow_if_possible(follower: User, followee: User) -> None:
    try:
        follow_user(follower_id=follower.id, followee_id=followee.id)
    except NotFound:
        return


@pytest.mark.django_db(transaction=True)
def test_a_follow_and_a_block_at_once_never_leave_both() -> None:
    for _ in range(15):
        rex, bella = UserFactory.create_batch(2)

        calls: list[Callable[[], object]] = [
            partial(block_user, blocker_id=rex.id, blocked_id=bella.id),
            partial(block_user, blocker_id=bella.id, blocked_id=rex.id),
            partial(_follow_if_possible, rex, bella),
            partial(_follow_if_possible, bella, rex),
        ]
        run_together(*calls)

        assert (Block.objects.between(rex.id, bella.id).count(), Follow.objects.count()) == (2, 0)
        assert selectors.counts_of(user_id=rex.id) == selectors.counts_of(user_id=bella.id) == Counts(0, 0, 0)


def test_blocking_answers_the_relationship_and_unblocking_204(client: APIClient) -> None:
    UserFactory.create(username="bella")

    blocked = [client.post("/v1/users/bella/block") for _ in range(2)]
    unblocked = [client.delete("/v1/users/bella/block") for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in blocked] == [
        (200, NOBODY | {"blocking": True})
    ] * 2
    assert [answer.status_code for answer in unblocked] == [204, 204]
    assert client.get("/v1/users/bella").json()["viewer"] == NOBODY


def test_muting_answers_the_relationship_and_unmuting_204(client: APIClient) -> None:
    UserFactory.create(username="bella")

    muted = [client.post("/v1/users/bella/mute") for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in muted] == [(200, NOBODY | {"muting": True})] * 2
    assert client.get("/v1/users/bella").json()["viewer"] == NOBODY | {"muting": True}
    assert [client.delete("/v1/users/bella/mute").status_code for _ in range(2)] == [204, 204]
    assert client.get("/v1/users/bella").json()["viewer"] == NOBODY


@pytest.mark.parametrize("what", ["block", "mute"])
def test_oneself_is_409(client: APIClient, user: User, what: str) -> None:
    response = client.post(f"/v1/users/{user.username}/{what}")

    assert (response.status_code, response.json()["code"]) == (409, f"cannot_{what}_oneself")


HIDDEN: dict[str, Callable[[APIClient, str, str], Any]] = {
    "profile": lambda client, name, _: client.get(f"/v1/users/{name}"),
    "posts": lambda client, name, _: client.get(f"/v1/users/{name}/posts"),
    "followers": lambda client, name, _: client.get(f"/v1/users/{name}/followers"),
    "following": lambda client, name, _: client.get(f"/v1/users/{name}/following"),
    "follow": lambda client, name, _: client.post(f"/v1/users/{name}/follow"),
    "unfollow": lambda client, name, _: client.delete(f"/v1/users/{name}/follow"),
    "mute": lambda client, name, _: client.post(f"/v1/users/{name}/mute"),
    "post": lambda client, _, post: client.get(f"/v1/posts/{post}"),
    "like": lambda client, _, post: client.post(f"/v1/posts/{post}/likes"),
    "unlike": lambda client, _, post: client.delete(f"/v1/posts/{post}/likes"),
}


@pytest.mark.parametrize("blocks", [True, False], ids=["the one who blocks", "the one who is blocked"])
@pytest.mark.parametrize("ask", HIDDEN.values(), ids=HIDDEN)
def test_across_a_block_there_is_nothing(
    client: APIClient, user: User, ask: Callable[[APIClient, str, str], Any], blocks: bool
) -> None:
    bella = UserFactory.create(username="bella")
    post = PostFactory.create(author=bella)
    like_post(user_id=bella.id, post_id=post.id)
    blocker, blocked = (user, bella) if blocks else (bella, user)
    block_user(blocker_id=blocker.id, blocked_id=blocked.id)
    before = Like.objects.count(), Follow.objects.count(), Mute.objects.count()

    hidden, absent = ask(client, "bella", str(post.id)), ask(client, "nobody", "999")

    assert hidden.status_code == absent.status_code == 404
    differing = {"instance", "trace_id"}
    bodies = [
        {name: value for name, value in answer.json().items() if name not in differing}
        for answer in (hidden, absent)
    ]
    assert bodies[0] == bodies[1]
    assert before == (Like.objects.count(), Follow.objects.count(), Mute.objects.count())


def test_who_is_blocked_can_neither_block_back_nor_lift_the_block(
    client: APIClient, user: User, sign_in: SignIn
) -> None:
    bella = UserFactory.create(username="bella")
    client.post("/v1/users/bella/block")
    other = sign_in(bella)

    answers = [
        other.post(f"/v1/users/{user.username}/block"),
        other.delete(f"/v1/users/{user.username}/block"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert list(Block.objects.values_list("blocker_id", "blocked_id")) == [(user.id, bella.id)]


def test_others_see_both_sides_of_a_block(client: APIClient) -> None:
    rex, bella = befriended()
    post = PostFactory.create(author=bella)
    block_user(blocker_id=rex.id, blocked_id=bella.id)

    answers = [client.get(path) for path in ("/v1/users/rex", "/v1/users/bella", f"/v1/posts/{post.id}")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_muted_authors_stay_visible_outside_the_home_feed(client: APIClient) -> None:
    bella = UserFactory.create(username="bella")
    post = PostFactory.create(author=bella)
    client.post("/v1/users/bella/follow")
    client.post("/v1/users/bella/mute")

    assert client.get("/v1/feed").json()["results"] == []
    assert [row["id"] for row in client.get("/v1/users/bella/posts").json()["results"]] == [str(post.id)]
    assert client.get(f"/v1/posts/{post.id}").status_code == 200

    client.delete("/v1/users/bella/mute")

    assert [row["id"] for row in client.get("/v1/feed").json()["results"]] == [str(post.id)]
