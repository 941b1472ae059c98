"""The popular feed as clients meet it."""

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.blocking import block_user
from accounts.models import User
from feeds.models import PopularSnapshot
from feeds.popular import snapshots
from interactions.services import like_post
from posts.models import Post
from puppies import cursors
from puppies.redis_client import client as redis
from tests.conftest import SignIn
from tests.factories import PostFactory, UserFactory
from tests.feeds.popular.rankings import forget, liked, make_older, rank_anew, ranked_posts

pytestmark = pytest.mark.django_db
ADDRESS = "/v1/feed/popular"


def ids(body: dict[str, list[dict[str, str]]]) -> list[int]:
    return [int(post["id"]) for post in body["results"]]


def test_anybody_reads_it(anonymous_client: APIClient, client: APIClient) -> None:
    expected = ranked_posts(3)

    for reader in (anonymous_client, client):
        body = reader.get(ADDRESS).json()
        assert ids(body) == expected
        assert {name: body[name] for name in body if name != "results"} == {
            "next": None,
            "previous": None,
            "source": "popular",
        }


def test_before_the_first_ranking_it_is_empty_and_then_it_is_not(anonymous_client: APIClient) -> None:
    before = anonymous_client.get(ADDRESS)
    expected = ranked_posts(1)

    assert (before.status_code, before.json()["results"]) == (200, [])
    assert ids(anonymous_client.get(ADDRESS).json()) == expected


def test_a_post_looks_as_it_does_by_itself(client: APIClient, user: User) -> None:
    (post_id,) = ranked_posts(1)
    like_post(user_id=user.id, post_id=post_id)

    (item,) = client.get(ADDRESS).json()["results"]

    assert item == client.get(f"/v1/posts/{post_id}").json()
    assert item["viewer"] == {"liked": True}


def test_whom_the_reader_blocked_is_left_out(
    client: APIClient, anonymous_client: APIClient, user: User
) -> None:
    author = UserFactory.create()
    ranked_posts(1, authors=[author])

    block_user(blocker_id=user.id, blocked_id=author.id)

    assert ids(client.get(ADDRESS).json()) == []
    assert len(ids(anonymous_client.get(ADDRESS).json())) == 1


@pytest.mark.parametrize(
    "gone", [(), ("redis",), ("memory",), ("redis", "memory"), ("rows", "memory"), ("rows", "redis")]
)
def test_a_walk_shows_each_post_once_while_scores_change_and_levels_are_lost(
    anonymous_client: APIClient, monkeypatch: pytest.MonkeyPatch, gone: tuple[str, ...]
) -> None:
    authors = UserFactory.create_batch(4)
    expected = ranked_posts(9, authors=authors)
    url: str | None = f"{ADDRESS}?limit=2"
    walked: list[int] = []

    while url is not None:
        body = anonymous_client.get(url).json()
        walked += ids(body)
        url = body["next"]
        assert len({post["author"]["id"] for post in body["results"]}) == len(body["results"])
        assert url is None or url.startswith(f"http://testserver{ADDRESS}?limit=2&cursor=")
        # The last becomes the first, and a new post comes before all others.
        Post.objects.filter(id=expected[-1]).update(like_count=10**8)
        liked(10**9)
        rank_anew() if "rows" not in gone else None
        lose(gone, monkeypatch)

    assert sorted(walked) == sorted(expected)
    assert walked[:2] == expected[:2]


def flush_redis() -> None:
    """Let Redis forget what this test has put there: other processes of the tests use it too."""
    for key in redis().scan_iter(f"{settings.REDIS_PREFIX}*"):
        redis().delete(key)


def lose(levels: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    if "redis" in levels:
        flush_redis()
    if "memory" in levels:
        forget(monkeypatch)
    if "rows" in levels:
        PopularSnapshot.objects.all().delete()


def test_a_new_walk_begins_with_the_newest_ranking(
    anonymous_client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ranked_posts(2)
    anonymous_client.get(ADDRESS)
    Post.objects.filter(id=second).update(like_count=10**8)

    rank_anew()
    forget(monkeypatch)

    assert ids(anonymous_client.get(ADDRESS).json()) == [second, first]


def test_a_ranking_that_is_no_longer_kept_is_a_bad_cursor_that_says_so(
    anonymous_client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranked_posts(2)
    kept = PopularSnapshot.objects.get()
    make_older(seconds=settings.POPULAR_KEEP_SECONDS + 1)
    forget(monkeypatch)
    flush_redis()
    old = anonymous_client.get(f"{ADDRESS}?limit=1").json()["next"]
    still_the_newest = anonymous_client.get(old).status_code

    rank_anew()
    forget(monkeypatch)
    response = anonymous_client.get(old)

    assert kept.id != PopularSnapshot.objects.order_by("-id")[0].id
    assert still_the_newest == 200
    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")
    assert "Begin again" in response.json()["detail"]


def test_an_old_ranking_is_refused_also_where_it_is_remembered(anonymous_client: APIClient) -> None:
    ranked_posts(2)
    make_older(seconds=settings.POPULAR_KEEP_SECONDS + 1)
    flush_redis()
    old = anonymous_client.get(f"{ADDRESS}?limit=1").json()["next"]

    snapshots.memory.keep_newest(rank_anew())

    assert anonymous_client.get(old).status_code == 400


def test_a_walk_may_go_on_signed_in(anonymous_client: APIClient, client: APIClient) -> None:
    _, second = ranked_posts(2)
    following = anonymous_client.get(f"{ADDRESS}?limit=1").json()["next"]

    assert ids(client.get(following).json()) == [second]


@pytest.mark.parametrize(
    "place",
    [
        {"b": 5},
        {"s": 1},
        {"s": "1", "r": 0, "w": "0"},
        {"s": 1, "r": 0, "w": "0"},
        {"s": -1, "r": 0, "w": "0"},
        {"s": 2**63 - 1, "r": 0, "w": "0"},
        {"s": 1, "r": 0, "w": "wuff"},
        {"s": 1, "r": 0, "w": ""},
        {"s": 1, "r": None, "w": "0"},
        {"s": 1, "r": 0, "w": [0]},
    ],
)
def test_a_signed_place_that_is_none_is_refused(
    anonymous_client: APIClient, place: dict[str, object]
) -> None:
    ranked_posts(1)

    response = anonymous_client.get(ADDRESS, {"cursor": cursors.encode(place, scope="popular")})

    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize(("rank", "waiting"), [(10**9, "0"), (0, "f" * 500), (-5, "0"), (2**63 - 1, "ff")])
def test_ranks_that_the_snapshot_does_not_have_are_passed_over(
    anonymous_client: APIClient, rank: int, waiting: str
) -> None:
    ranked_posts(2)
    place = {"s": PopularSnapshot.objects.get().id, "r": rank, "w": waiting}

    response = anonymous_client.get(ADDRESS, {"cursor": cursors.encode(place, scope="popular")})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "invalid_limit"),
        ("limit=101", "invalid_limit"),
        ("limit=x", "invalid_limit"),
        ("cursor=x", "invalid_cursor"),
        ("cursor=", "invalid_cursor"),
        ("cursor=" + "x" * 9_000, "invalid_cursor"),
    ],
)
def test_what_is_not_understood_is_refused(anonymous_client: APIClient, query: str, code: str) -> None:
    ranked_posts(1)

    response = anonymous_client.get(f"{ADDRESS}?{query}")

    assert (response.status_code, response.json()["code"]) == (400, code)


def test_a_cursor_of_the_home_feed_is_refused(client: APIClient, user: User) -> None:
    PostFactory.create_batch(2, author=user)
    other = client.get("/v1/feed?limit=1").json()["next"].partition("?")[2]

    assert client.get(f"{ADDRESS}?{other}").json()["code"] == "invalid_cursor"


def test_a_cursor_with_every_second_rank_waiting_fits_into_an_address(anonymous_client: APIClient) -> None:
    authors = UserFactory.create_batch(2)
    posts = PostFactory.create_batch(40, author=authors[0]) + PostFactory.create_batch(40, author=authors[1])
    ids_in_turn = [identifier for pair in zip(posts[:40], posts[40:], strict=True) for identifier in pair]
    PopularSnapshot.objects.create(post_ids=[post.id for post in ids_in_turn] * 12)

    url = anonymous_client.get(f"{ADDRESS}?limit=100").json()["next"]

    assert len(url) < 1_000


def test_a_token_whose_session_has_ended_is_refused(client: APIClient, user: User) -> None:
    ranked_posts(1)
    User.objects.filter(id=user.id).update(state=User.State.SUSPENDED)

    assert client.get(ADDRESS).status_code == 401


def test_it_is_asked_for_again_cheaply(anonymous_client: APIClient, sign_in: SignIn) -> None:
    (post_id,) = ranked_posts(1)
    first = anonymous_client.get(ADDRESS)

    again = anonymous_client.get(ADDRESS, headers={"If-None-Match": first["ETag"]})
    like_post(user_id=UserFactory.create().id, post_id=post_id)
    changed = anonymous_client.get(ADDRESS, headers={"If-None-Match": first["ETag"]})

    assert (first["Cache-Control"], again.status_code, changed.status_code) == ("private, no-cache", 304, 200)
