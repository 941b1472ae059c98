"""`GET /v1/posts/{id}/likes`: who likes a post."""

import time
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.blocking import block_user, mute_user
from accounts.models import User
from accounts.roles import OPERATOR, suspend_user
from accounts.services import follow_user
from interactions.models import Like
from interactions.selectors import LIKERS, likers
from interactions.services import like_post, unlike_post
from posts.models import Post
from posts.services import delete_post
from puppies.api.pagination import Window
from puppies.ids import MAX_ID, created_at
from puppies.sql import execute
from tests.elsewhere import Elsewhere
from tests.factories import PostFactory, UserFactory
from tests.plans import Plan, analyze, fill_accounts, plan_of

CROWD = "INSERT INTO interactions_like (user_id, post_id) SELECT id, %(post)s FROM accounts_user"
BLOCKS = """
INSERT INTO accounts_block (blocker_id, blocked_id) SELECT %(viewer)s, id FROM accounts_user WHERE id <= 100000 AND id %% 2 = 0
"""


def path(post: Post) -> str:
    return f"/v1/posts/{post.id}/likes"


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["username"] for row in response.json()["results"]]


def liked_by(count: int) -> tuple[Post, list[str]]:
    """A post and who likes it, the newest like first."""
    post = PostFactory.create()
    fans = UserFactory.create_batch(count)
    for fan in fans:
        like_post(user_id=fan.id, post_id=post.id)
    return post, [fan.username for fan in reversed(fans)]


def account(username: str) -> User:
    found: User = User.objects.get(username=username)
    return found


def test_likers_are_listed_newest_like_first(anonymous_client: APIClient) -> None:
    post, fans = liked_by(3)
    other = account(fans[0])
    unlike_post(user_id=account(fans[2]).id, post_id=post.id)
    like_post(user_id=account(fans[2]).id, post_id=post.id)
    like_post(user_id=other.id, post_id=PostFactory.create().id)

    assert names(anonymous_client.get(path(post))) == [fans[2], fans[0], fans[1]]


def test_a_walk_shows_each_once_and_ends(client: APIClient) -> None:
    post, fans = liked_by(7)

    pages, following = [], path(post) + "?limit=3"
    while following:
        response = client.get(following)
        pages.append(names(response))
        following = response.json()["next"]

    assert pages == [fans[:3], fans[3:6], fans[6:]]


def test_each_liker_comes_with_what_the_caller_is_to_them(client: APIClient, user: User) -> None:
    post, fans = liked_by(2)
    follow_user(follower_id=user.id, followee_id=account(fans[0]).id)
    mute_user(muter_id=user.id, muted_id=account(fans[1]).id)

    first, second = client.get(path(post)).json()["results"]

    assert first["viewer"] == {"following": True, "followed_by": False, "blocking": False, "muting": False}
    assert second["viewer"] == {"following": False, "followed_by": False, "blocking": False, "muting": True}
    assert (first["followers_count"], second["followers_count"]) == (1, 0)


def test_who_may_not_be_seen_is_left_out_and_pages_stay_full(client: APIClient, user: User) -> None:
    post, fans = liked_by(7)
    block_user(blocker_id=user.id, blocked_id=account(fans[0]).id)
    block_user(blocker_id=account(fans[2]).id, blocked_id=user.id)
    suspend_user(actor_id=OPERATOR, user_id=account(fans[3]).id)
    block_user(blocker_id=account(fans[1]).id, blocked_id=account(fans[4]).id)

    page = client.get(path(post) + "?limit=3")

    assert names(page) == [fans[1], fans[4], fans[5]]
    assert names(client.get(page.json()["next"])) == [fans[6]]


def test_polling_shows_each_new_like_once_and_then_nothing(client: APIClient) -> None:
    post, fans = liked_by(2)
    page = client.get(path(post))
    late = UserFactory.create_batch(3)
    for fan in late:
        like_post(user_id=fan.id, post_id=post.id)

    seen = []
    for _ in range(3):
        page = client.get(page.json()["previous"])
        seen.append(names(page))

    assert names(client.get(path(post))) == [fan.username for fan in late[::-1]] + fans
    assert seen == [[fan.username for fan in late[::-1]], [], []]


@pytest.mark.parametrize("state", [Post.State.WAITING, Post.State.HIDDEN, Post.State.DELETED])
def test_likers_of_a_post_that_cannot_be_seen_are_404(client: APIClient, state: Post.State) -> None:
    post, _ = liked_by(1)
    Post.objects.update(state=state)

    response = client.get(path(post))

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_likers_of_a_post_behind_a_block_are_404(client: APIClient, user: User) -> None:
    post, _ = liked_by(1)
    block_user(blocker_id=post.author_id, blocked_id=user.id)

    hidden = client.get(path(post)).json()
    delete_post(post_id=post.id)
    absent = client.get(path(post)).json()

    assert hidden["status"] == 404
    assert {**hidden, "trace_id": ""} == {**absent, "trace_id": ""}


def test_a_cursor_is_good_for_its_post_and_its_reader_alone(
    client: APIClient, anonymous_client: APIClient
) -> None:
    (post, _), (other, _) = liked_by(3), liked_by(3)
    cursor = client.get(path(post) + "?limit=1").json()["next"].partition("?")[2]

    assert client.get(f"{path(post)}?{cursor}").status_code == 200
    assert client.get(f"{path(other)}?{cursor}").json()["code"] == "invalid_cursor"
    assert anonymous_client.get(f"{path(post)}?{cursor}").json()["code"] == "invalid_cursor"


@pytest.mark.django_db
def test_likes_from_before_there_were_ids_get_those_of_their_instant() -> None:
    post, _ = liked_by(5)
    execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE interactions_like DROP CONSTRAINT like_has_id", {})
    execute(
        "UPDATE interactions_like SET id = NULL, created_at = now() - user_id %% 7 * interval '1 day'", {}
    )
    like_post(user_id=post.author_id, post_id=post.id)

    import_module("interactions.migrations.0005_fill_like_ids").fill(None, connection.schema_editor())

    likes = list(Like.objects.all())
    assert len({like.id for like in likes}) == 6
    for like in likes:
        assert abs((created_at(like.id) - like.created_at).total_seconds()) < 30
    instants = [like.created_at for like in sorted(likes, key=lambda like: like.id)]
    assert instants == sorted(instants)


@pytest.mark.django_db
@pytest.mark.parametrize("upward", [False, True])
def test_a_page_of_100_000_likers_is_read_in_the_order_of_the_index(upward: bool) -> None:
    fill_accounts(100_000)
    star = UserFactory.create(username="star")
    post = PostFactory.create(author=star)
    execute(CROWD, {"post": post.id})
    execute(BLOCKS, {"viewer": star.id})
    analyze("interactions_like", "accounts_block")

    page = [
        user.id for _, user in likers(post_id=post.id, viewer_id=star.id, place=Window(21, upward=upward))
    ]
    plan = plan_of_page(post, star, upward=upward)

    # Nothing but the page itself.
    assert plan.sorts() == [("page.id" if upward else "page.id DESC",)]
    assert plan.scanned_whole() == set()
    assert {"like_newest", "accounts_user_pkey"} <= plan.indexes()
    assert len(page) == 21
    assert not any(number % 2 == 0 for number in page if number <= 100_000)
    assert scanned(post, star) < 1_000


@pytest.mark.django_db
@pytest.mark.parametrize("upward", [False, True])
def test_likers_who_may_not_be_seen_are_passed_over_a_bounded_look_at_a_time(upward: bool) -> None:
    fill_accounts(20_000)
    post = PostFactory.create(author=UserFactory.create(username="star"))
    execute(CROWD, {"post": post.id})
    execute("UPDATE accounts_user SET state = 'suspended' WHERE id <= 20000 AND id %% 3000 > 0", {})
    analyze("interactions_like", "accounts_user")
    expected = set(User.objects.filter(state="active").values_list("id", flat=True))

    looks, place = [], Window(21, upward=upward)
    while True:
        look = likers(post_id=post.id, viewer_id=0, place=place)
        looks.append({user.id for _, user in look})
        if look.until is None:
            break
        place = Window(21, after=look.until, upward=True) if upward else Window(21, before=look.until)

    assert len(looks) == 21
    assert set().union(*looks) == expected
    assert scanned(post, post.author) < 20_000


def test_a_page_may_be_empty_with_more_after_it_and_is_polled_on(anonymous_client: APIClient) -> None:
    fill_accounts(2_100)
    star, first, late = (UserFactory.create(username=name) for name in ("star", "first", "late"))
    post = PostFactory.create(author=star)
    like_post(user_id=first.id, post_id=post.id)
    execute("UPDATE accounts_user SET state = 'suspended' WHERE id <= 2100", {})
    execute(CROWD + " WHERE state = 'suspended'", {"post": post.id})

    pages = [anonymous_client.get(path(post))]
    while following := pages[-1].json()["next"]:
        pages.append(anonymous_client.get(following))
    like_post(user_id=late.id, post_id=post.id)
    polled = anonymous_client.get(pages[0].json()["previous"])

    assert [names(page) for page in pages] == [[], [], [first.username]]
    assert names(polled) == [late.username]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("listed", ["likes", "comments"])
def test_nobody_waits_long_for_a_public_list(anonymous_client: APIClient, listed: str) -> None:
    post, elsewhere = PostFactory.create(), Elsewhere()
    table = f"interactions_{listed.removesuffix('s')}"

    with elsewhere.transaction():
        elsewhere.do(lambda: execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", {}))
        begin = time.monotonic()
        answer = anonymous_client.get(f"/v1/posts/{post.id}/{listed}")
        took = time.monotonic() - begin
    elsewhere.close()

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert took < 3


def plan_of_page(post: Post, viewer: User, *, upward: bool) -> Plan:
    names = {"post": post.id, "viewer": viewer.id, "before": MAX_ID, "after": 0, "shown": [], "limit": 21}
    return plan_of(LIKERS.format(direction="ASC" if upward else "DESC"), names)


def scanned(post: Post, viewer: User) -> int:
    """How many blocks the newest page reads."""
    names = {"post": post.id, "viewer": viewer.id, "before": MAX_ID, "after": 0, "shown": [], "limit": 21}
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + LIKERS.format(direction="DESC"), names)
        [[[plan]]] = cursor.fetchall()
    return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])
