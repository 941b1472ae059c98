"""Pages of a snapshot: what its reader may see, each post once, an author once a page."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.blocking import block_user, mute_user
from accounts.models import User
from accounts.sessions import open_session
from feeds.popular.pages import Place, PopularPage, popular_page
from feeds.popular.snapshots import Snapshot
from feeds.selectors import SessionEnded
from posts.models import Post
from tests.factories import PostFactory, UserFactory

NOBODY = {"reader_id": 0, "session_id": 0}


def snapshot_of(*posts: Post) -> Snapshot:
    return Snapshot(1, tuple(post.id for post in posts))


def walk(
    snapshot: Snapshot, *, limit: int, between: Callable[[int], object] = lambda page: None
) -> list[list[int]]:
    """The ids of all pages, as nobody sees them; `between` is done after each page."""
    pages: list[list[int]] = []
    place: Place | None = Place()
    while place is not None:
        page = popular_page(snapshot, **NOBODY, limit=limit, place=place)
        pages.append([item.id for item in page.items])
        place = page.following
        between(len(pages))
    return pages


def page_of(snapshot: Snapshot, reader: User, limit: int = 20) -> PopularPage:
    session_id = open_session(user=reader).session_id
    return popular_page(snapshot, reader_id=reader.id, session_id=session_id, limit=limit, place=Place())


def ids(page: PopularPage) -> list[int]:
    return [item.id for item in page.items]


@pytest.mark.django_db
def test_an_author_who_is_everywhere_comes_once_a_page_and_nothing_is_lost() -> None:
    star, *others = UserFactory.create_batch(4)
    a, b, c = PostFactory.create_batch(3, author=star)
    x, y, z = (PostFactory.create(author=other) for other in others)

    pages = walk(snapshot_of(a, b, x, c, y, z), limit=2)

    assert pages == [[a.id, x.id], [b.id, y.id], [c.id, z.id]]


@pytest.mark.django_db
def test_when_one_author_is_left_pages_have_one_post_each() -> None:
    star = UserFactory.create()
    posts = PostFactory.create_batch(3, author=star)

    assert walk(snapshot_of(*posts), limit=2) == [[post.id] for post in posts]


@pytest.mark.django_db
def test_the_last_page_says_so() -> None:
    posts = PostFactory.create_batch(4)

    assert [len(page) for page in walk(snapshot_of(*posts), limit=2)] == [2, 2]
    assert walk(snapshot_of(), limit=2) == [[]]


@pytest.mark.django_db
def test_what_only_this_reader_may_not_see_is_left_out_and_the_page_is_full() -> None:
    reader = UserFactory.create()
    muted, blocked, blocking, *others = UserFactory.create_batch(8)
    posts = [PostFactory.create(author=author) for author in (muted, blocked, blocking, *others)]
    mute_user(muter_id=reader.id, muted_id=muted.id)
    block_user(blocker_id=reader.id, blocked_id=blocked.id)
    block_user(blocker_id=blocking.id, blocked_id=reader.id)

    assert ids(page_of(snapshot_of(*posts), reader, limit=2)) == [post.id for post in posts[3:5]]
    assert walk(snapshot_of(*posts), limit=20) == [[post.id for post in posts]]


@pytest.mark.django_db
@pytest.mark.parametrize("state", [Post.State.HIDDEN, Post.State.DELETED])
def test_what_is_gone_is_gone_at_once(state: Post.State) -> None:
    first, second = PostFactory.create_batch(2)
    Post.objects.filter(id=first.id).update(state=state)

    assert walk(snapshot_of(first, second), limit=1) == [[second.id]]


@pytest.mark.django_db
@pytest.mark.parametrize("state", [User.State.SUSPENDED, User.State.DELETING])
def test_authors_who_are_not_active_are_gone_at_once(state: User.State) -> None:
    first, second = PostFactory.create_batch(2)
    User.objects.filter(id=first.author_id).update(state=state)

    assert walk(snapshot_of(first, second), limit=1) == [[second.id]]


@pytest.mark.django_db
def test_the_next_post_of_an_author_comes_up_when_its_best_is_gone() -> None:
    star = UserFactory.create()
    best, second = PostFactory.create_batch(2, author=star)
    other = PostFactory.create()
    Post.objects.filter(id=best.id).update(state=Post.State.DELETED)

    assert walk(snapshot_of(best, second, other), limit=2) == [[second.id, other.id]]


@pytest.mark.django_db
def test_a_walk_goes_on_past_what_disappears_under_it() -> None:
    star = UserFactory.create()
    a, b, c = PostFactory.create_batch(3, author=star)
    x, y, z = PostFactory.create_batch(3)

    def hide(page: int) -> None:
        if page == 1:
            Post.objects.filter(id__in=[b.id, y.id]).update(state=Post.State.HIDDEN)

    assert walk(snapshot_of(a, b, x, c, y, z), limit=2, between=hide) == [[a.id, x.id], [c.id, z.id]]


@pytest.mark.django_db
def test_a_page_costs_one_query_and_two_where_much_is_hidden() -> None:
    posts = PostFactory.create_batch(12)
    snapshot = snapshot_of(*posts)
    popular_page(snapshot, **NOBODY, limit=2, place=Place())

    with CaptureQueriesContext(connection) as plain:
        for limit in (1, 2, 12):
            popular_page(snapshot, **NOBODY, limit=limit, place=Place())
    Post.objects.filter(id__in=[post.id for post in posts[:8]]).update(state=Post.State.HIDDEN)
    with CaptureQueriesContext(connection) as hidden:
        page = popular_page(snapshot, **NOBODY, limit=2, place=Place())

    assert (len(plain), len(hidden)) == (3, 2)
    assert ids(page) == [post.id for post in posts[8:10]]


@pytest.mark.django_db
def test_a_session_that_has_ended_reads_nothing() -> None:
    reader, other = UserFactory.create_batch(2)
    snapshot = snapshot_of(PostFactory.create())
    session_id = open_session(user=other).session_id

    for session in (session_id, 0):
        with pytest.raises(SessionEnded):
            popular_page(snapshot, reader_id=reader.id, session_id=session, limit=2, place=Place())


class TestWalks(TestCase):
    """Whoever wrote them, whatever is hidden, however long the pages: each visible post once, authors once a page, best first."""

    @hypothesis_settings(max_examples=100, deadline=None)
    @given(
        authors=st.lists(st.integers(0, 4), max_size=25),
        hidden=st.sets(st.integers(0, 24)),
        limit=st.integers(1, 6),
    )
    def test_a_walk_shows_each_visible_post_once(
        self, authors: list[int], hidden: set[int], limit: int
    ) -> None:
        writers = UserFactory.create_batch(5)
        posts = [PostFactory.create(author=writers[number]) for number in authors]
        gone = [post.id for place, post in enumerate(posts) if place in hidden]
        Post.objects.filter(id__in=gone).update(state=Post.State.HIDDEN)
        author_of = {post.id: post.author_id for post in posts}
        visible = [post.id for post in posts if post.id not in gone]

        pages = walk(snapshot_of(*posts), limit=limit)

        assert sorted(identifier for page in pages for identifier in page) == sorted(visible)
        left = list(visible)
        for page in pages:
            assert page == best_of_each_author(left, author_of)[:limit]
            left = [identifier for identifier in left if identifier not in page]
        assert all(page for page, _ in pairwise(pages))


def best_of_each_author(post_ids: list[int], author_of: dict[int, int]) -> list[int]:
    """The oracle: the posts in order, each author's first only."""
    firsts: dict[int, int] = {}
    for identifier in post_ids:
        firsts.setdefault(author_of[identifier], identifier)
    return list(firsts.values())
