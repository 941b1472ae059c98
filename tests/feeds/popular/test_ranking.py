"""What is popular, and that each minute has one snapshot."""

import math
import time
from itertools import pairwise

import pytest
from django.conf import settings as django_settings
from django.db import connection
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import Settings

from accounts.models import User
from feeds.models import PopularSnapshot
from feeds.popular import ranking, snapshots
from feeds.popular.ranking import ranked
from feeds.popular.snapshots import Snapshot
from feeds.tasks import rank_popular
from interactions.comments.services import delete_comment, hide_comment
from interactions.draining import drain
from interactions.models import Comment
from interactions.services import like_post
from posts.models import Post
from tests.factories import CommentFactory, PostFactory, UserFactory
from tests.feeds.popular.rankings import liked, make_older, rank_anew
from tests.threads import run_together


def contents(post_ids: list[int] | tuple[int, ...]) -> list[str]:
    known = dict(Post.objects.values_list("id", "content"))
    return [known[identifier] for identifier in post_ids]


@pytest.mark.django_db
def test_likes_count_and_age_takes_away() -> None:
    liked(0, content="new, nobody")
    liked(9, content="new, nine")
    liked(90, hours_old=12, content="half a day, ninety")
    liked(999, hours_old=12, content="half a day, many")
    liked(999, hours_old=48, content="two days, many")

    assert contents(ranked(previous=())) == [
        "half a day, many",
        "new, nine",
        "half a day, ninety",
        "two days, many",
        "new, nobody",
    ]


class TestFormula(TestCase):
    """The order is that of the formula in the design, whatever the likes and ages."""

    @hypothesis_settings(max_examples=60, deadline=None)
    @given(
        posts=st.lists(st.tuples(st.integers(0, 10**9), st.floats(0.5, 20_000)), min_size=2, max_size=6),
        weight=st.integers(1, 5),
    )
    def test_the_order_is_that_of_the_formula(self, posts: list[tuple[int, float]], weight: int) -> None:
        scores = {}
        before = django_settings.POPULAR_WEIGHTS
        django_settings.POPULAR_WEIGHTS = {"like": weight, "comment": 1}
        try:
            for likes, hours in posts:
                post = liked(likes, hours_old=hours)
                scores[post.id] = math.log10(1 + weight * likes) * 2 ** -(hours / 12)
            found = [scores[identifier] for identifier in ranked(previous=())]
        finally:
            django_settings.POPULAR_WEIGHTS = before

        assert len(found) == len(posts)
        for better, worse in pairwise(found):
            assert better >= worse * (1 - 1e-4) - 1e-300


@pytest.mark.django_db
def test_a_like_counts_once_it_is_drained() -> None:
    first, second = PostFactory.create_batch(2)
    fan = UserFactory.create()
    assert ranked(previous=()) == [second.id, first.id]

    like_post(user_id=fan.id, post_id=first.id)
    like_post(user_id=fan.id, post_id=first.id)
    drain()

    assert ranked(previous=()) == [first.id, second.id]


def commented(*numbers: int) -> Post:
    """A post on which one account for each number comments so often; its author replies to each; drained."""
    post: Post = PostFactory.create()
    for number in numbers:
        author = UserFactory.create()
        for comment in CommentFactory.create_batch(number, post=post, author=author):
            CommentFactory.create(parent=comment, author=post.author)
    drain()
    return post


@pytest.mark.django_db
def test_who_comments_counts_once_and_the_author_not_at_all() -> None:
    """By the weights two commenters are four likes; a post that only its author comments on is like one without."""
    loud, three, five = commented(9), liked(3), liked(5)
    two, own = commented(2, 1), commented()
    CommentFactory.create_batch(3, post=own, author=own.author)
    drain()

    assert ranked(previous=()) == [five.id, two.id, three.id, loud.id, own.id]


@pytest.mark.django_db
def test_posts_that_few_people_comment_on_much_keep_nobody_out(settings: Settings) -> None:
    settings.POPULAR_SIZE = settings.POPULAR_PER_AUTHOR = 2
    loud = [commented(3) for _ in range(8)]
    popular = [liked(7), liked(8)]

    assert ranked(previous=()) == [popular[1].id, popular[0].id]
    assert loud[0].id not in ranked(previous=())


@pytest.mark.django_db
def test_comments_that_are_hidden_or_deleted_do_not_count() -> None:
    first, second, third = commented(1, 1, 1), commented(1, 1), commented(1)
    for comment in Comment.objects.filter(post=first).exclude(author=first.author):
        hide_comment(user_id=first.author_id, comment_id=comment.id)
    for comment in Comment.objects.filter(post=second).exclude(author=second.author)[:1]:
        delete_comment(user_id=comment.author_id, comment_id=comment.id)
    newest = liked(1)

    assert ranked(previous=()) == [third.id, second.id, newest.id, first.id]


@pytest.mark.django_db
@pytest.mark.parametrize("state", [Post.State.HIDDEN, Post.State.DELETED, Post.State.WAITING])
def test_what_is_not_published_is_not_ranked(state: Post.State) -> None:
    post, gone = liked(1), liked(5)
    Post.objects.filter(id=gone.id).update(state=state)

    assert ranked(previous=(gone.id,)) == [post.id]


@pytest.mark.django_db
def test_authors_who_are_not_active_take_no_places(settings: Settings) -> None:
    settings.POPULAR_SIZE = 1
    post, gone = liked(1), liked(5)
    User.objects.filter(id=gone.author_id).update(state=User.State.SUSPENDED)

    assert ranked(previous=()) == [post.id]


@pytest.mark.django_db
def test_an_author_has_few_places(settings: Settings) -> None:
    author = UserFactory.create()
    mine = [liked(likes, author=author) for likes in range(20, 10, -1)]
    other = liked(1)

    assert ranked(previous=()) == [*(post.id for post in mine[: settings.POPULAR_PER_AUTHOR]), other.id]


@pytest.mark.django_db
def test_only_the_newest_posts_and_those_that_were_popular_are_looked_at(settings: Settings) -> None:
    settings.POPULAR_CANDIDATES = 2
    popular, missed = liked(50, hours_old=2), liked(40, hours_old=1)
    new = [liked(1), liked(1)]

    assert ranked(previous=()) == [new[1].id, new[0].id]
    assert ranked(previous=(popular.id,)) == [popular.id, new[1].id, new[0].id]
    assert missed.id not in ranked(previous=(popular.id,))


@pytest.mark.django_db
def test_a_count_that_a_bug_made_negative_breaks_nothing() -> None:
    post = liked(-3)

    assert ranked(previous=()) == [post.id]


@pytest.mark.django_db
def test_one_snapshot_a_minute_however_many_beats_there_are() -> None:
    liked(1)

    for _ in range(3):
        rank_popular()
    first = PopularSnapshot.objects.count()
    make_older(seconds=60)
    for _ in range(3):
        rank_popular()

    assert (first, PopularSnapshot.objects.count()) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_of_rankings_at_once_one_is_made() -> None:
    liked(1)

    run_together(*[rank_popular] * 4)

    assert PopularSnapshot.objects.count() == 1


@pytest.mark.django_db
def test_a_snapshot_never_changes() -> None:
    first, second = liked(5), liked(3)
    old = rank_anew()

    Post.objects.filter(id=second.id).update(like_count=900)
    new = rank_anew()

    assert (old.post_ids, new.post_ids) == ((first.id, second.id), (second.id, first.id))
    stored = PopularSnapshot.objects.order_by("id").values_list("post_ids", flat=True)
    assert [tuple(post_ids) for post_ids in stored] == [old.post_ids, new.post_ids]


@pytest.mark.django_db
def test_snapshots_are_kept_for_half_an_hour() -> None:
    liked(1)
    for seconds in (700, 700, 500):
        rank_anew()
        make_older(seconds=seconds)
    rank_anew()

    ages = [round(row.age_seconds, -2) for row in map(as_snapshot, PopularSnapshot.objects.order_by("id"))]
    assert ages == [1_200, 500, 0]


@pytest.mark.django_db
def test_the_newest_is_kept_however_old() -> None:
    liked(1)
    rank_anew()
    make_older(seconds=90_000)

    snapshots.remove_old(newest_id=PopularSnapshot.objects.get().id)

    assert PopularSnapshot.objects.count() == 1


@pytest.mark.django_db
def test_no_place_of_the_formula_is_left_out() -> None:
    assert set(ranking.INTERACTORS) == set(django_settings.POPULAR_WEIGHTS)


@pytest.mark.django_db
def test_its_cost_does_not_grow_with_the_posts(settings: Settings) -> None:
    settings.POPULAR_CANDIDATES = 1_000
    with connection.cursor() as cursor:
        cursor.execute("""
            INSERT INTO accounts_user (id, username, email, password, is_superuser, created_at)
            SELECT n, 'user_' || n, n || '@example.test', '!', false, now() FROM generate_series(1, 5000) AS n;
            INSERT INTO posts_post (id, feed_id, author_id, content, like_count)
            SELECT n, n, 1 + n % 5000, 'wuff', n % 100 FROM generate_series(1, 100000) AS n;
            ANALYZE posts_post; ANALYZE accounts_user;
        """)
        read_before = rows_read(cursor)
        begin = time.monotonic()
        assert len(ranked(previous=tuple(range(1, 1_001)))) == 1_000

    # Fetched: the newest thousand, the thousand of before, and twice that again where the plan joins them; not the hundred thousand.
    with connection.cursor() as cursor:
        assert rows_read(cursor) - read_before <= 5_000
    assert time.monotonic() - begin < 5


def as_snapshot(row: PopularSnapshot) -> Snapshot:
    return Snapshot(row.id, tuple(row.post_ids))


def rows_read(cursor: object) -> int:
    """How many rows of posts this transaction has read by now."""
    cursor.execute(  # type: ignore[attr-defined]
        "SELECT pg_stat_get_xact_tuples_fetched('posts_post'::regclass) + pg_stat_get_xact_tuples_returned('posts_post'::regclass)"
    )
    return int(cursor.fetchone()[0])  # type: ignore[attr-defined]
