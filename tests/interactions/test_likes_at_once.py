"""Likes of one post at the same moment, and beside whatever else happens to the post, its author and the liker."""

import time
from collections.abc import Callable

import pytest

from accounts.blocking import block_user
from interactions.draining import drain, drain_batch
from interactions.models import Like
from interactions.selectors import like_count
from interactions.services import Liking, like_post, unlike_post
from posts.models import Post
from posts.services import delete_post
from puppies import ledger
from puppies.errors import NotFound
from puppies.models import LedgerEntry
from puppies.sql import execute
from tests.elsewhere import Elsewhere
from tests.factories import PostFactory, UserFactory
from tests.interactions.gathering import LIKES, gather, likes_by_post, posts, stored
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


def assert_exact(post: Post) -> None:
    rows = Like.objects.filter(post_id=post.id).count()
    assert like_count(post_id=post.id) == rows
    drain()
    assert stored()[post.id] == rows


def test_a_like_waits_for_nobody_who_holds_the_post(elsewhere: Elsewhere) -> None:
    post, fan = PostFactory.create(), UserFactory.create()

    with elsewhere.transaction():
        elsewhere.do(lambda: Post.objects.select_for_update().get(id=post.id))
        assert like_post(user_id=fan.id, post_id=post.id) == Liking(is_changed=True, like_count=1)
        assert unlike_post(user_id=fan.id, post_id=post.id) == Liking(is_changed=True, like_count=0)

    assert_exact(post)


@pytest.mark.parametrize("act", [like_post, unlike_post])
def test_a_post_that_is_being_deleted_is_there_until_the_commit(
    elsewhere: Elsewhere, act: Callable[..., Liking]
) -> None:
    post, fan, late = PostFactory.create(), UserFactory.create(), UserFactory.create()

    with elsewhere.transaction():
        assert elsewhere.do(lambda: delete_post(post_id=post.id))
        like_post(user_id=fan.id, post_id=post.id)

    with pytest.raises(NotFound):
        act(user_id=late.id, post_id=post.id)
    assert Like.objects.get().user_id == fan.id
    assert_exact(post)


@pytest.mark.parametrize("act", [like_post, unlike_post])
def test_a_block_counts_from_its_commit(elsewhere: Elsewhere, act: Callable[..., Liking]) -> None:
    post, fan, late = PostFactory.create(), UserFactory.create(), UserFactory.create()

    with elsewhere.transaction():
        elsewhere.do(lambda: block_user(blocker_id=post.author_id, blocked_id=fan.id))
        elsewhere.do(lambda: block_user(blocker_id=post.author_id, blocked_id=late.id))
        like_post(user_id=fan.id, post_id=post.id)

    with pytest.raises(NotFound):
        act(user_id=late.id, post_id=post.id)
    assert Like.objects.get().user_id == fan.id
    assert_exact(post)


def test_the_second_of_two_equal_likes_waits_and_is_told_the_count_with_it(elsewhere: Elsewhere) -> None:
    post, fan = PostFactory.create(), UserFactory.create()
    like_post(user_id=post.author_id, post_id=post.id)
    here = Elsewhere()

    with elsewhere.transaction():
        first = elsewhere.do(lambda: like_post(user_id=fan.id, post_id=post.id))
        second = here.start(lambda: like_post(user_id=fan.id, post_id=post.id))
    answers = first, second.result(timeout=10)
    here.close()

    assert answers == (Liking(is_changed=True, like_count=2), Liking(is_changed=False, like_count=2))
    assert_exact(post)


def test_the_second_of_two_equal_unlikes_waits_and_is_told_the_count_without_it(elsewhere: Elsewhere) -> None:
    post, fan = PostFactory.create(), UserFactory.create()
    like_post(user_id=fan.id, post_id=post.id)
    here = Elsewhere()

    with elsewhere.transaction():
        first = elsewhere.do(lambda: unlike_post(user_id=fan.id, post_id=post.id))
        second = here.start(lambda: unlike_post(user_id=fan.id, post_id=post.id))
    answers = first, second.result(timeout=10)
    here.close()

    assert answers == (Liking(is_changed=True, like_count=0), Liking(is_changed=False, like_count=0))
    assert_exact(post)


def test_a_like_beside_an_unlike_of_the_same_user_comes_after_it(elsewhere: Elsewhere) -> None:
    post, fan = PostFactory.create(), UserFactory.create()
    like_post(user_id=fan.id, post_id=post.id)
    like_post(user_id=post.author_id, post_id=post.id)
    here = Elsewhere()

    with elsewhere.transaction():
        assert elsewhere.do(lambda: unlike_post(user_id=fan.id, post_id=post.id)).is_changed
        like = here.start(lambda: like_post(user_id=fan.id, post_id=post.id))
    answer = like.result(timeout=10)
    here.close()

    assert (answer, Like.objects.count()) == (Liking(is_changed=True, like_count=2), 2)
    assert_exact(post)


def test_one_user_who_likes_and_unlikes_in_many_requests_at_once_is_counted_exactly() -> None:
    post, fan = posts(1)[0], UserFactory.create()

    def like() -> None:
        for _ in range(25):
            like_post(user_id=fan.id, post_id=post.id)

    def unlike() -> None:
        for _ in range(25):
            unlike_post(user_id=fan.id, post_id=post.id)

    run_together(like, unlike, like, unlike)

    assert_exact(post)


def test_likers_who_meet_a_long_ledger_add_it_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LONG", 3)
    (post,) = posts(1)
    fans = UserFactory.create_batch(8)

    def waver(place: int) -> None:
        for number in range(12):
            like_post(user_id=fans[place].id, post_id=post.id)
            if number % 3:
                unlike_post(user_id=fans[place].id, post_id=post.id)

    run_together(*[lambda place=place: waver(place) for place in range(8)])

    assert LedgerEntry.objects.count() < 30
    assert likes_by_post().get(post.id, 0) == like_count(post_id=post.id)
    assert_exact(post)


def test_a_liker_who_can_not_add_up_has_liked_all_the_same(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "LONG", 3)
    (post,) = posts(1)
    fan = UserFactory.create()
    gather(post, 5)

    with elsewhere.transaction():
        elsewhere.do(lambda: drain_batch(LIKES, subject_ids=[post.id]))
        answer = like_post(user_id=fan.id, post_id=post.id)

    assert answer == Liking(is_changed=True, like_count=6)
    assert (stored()[post.id], like_count(post_id=post.id)) == (5, 6)


def test_a_liker_does_not_wait_long_for_what_adding_up_needs(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "LONG", 3)
    (post,) = posts(1)
    fans = UserFactory.create_batch(2)
    gather(post, 5)
    like_post(user_id=fans[0].id, post_id=post.id)
    gather(post, 5)

    with elsewhere.transaction():
        elsewhere.do(lambda: execute("LOCK TABLE interactions_notification IN ACCESS EXCLUSIVE MODE", {}))
        begin = time.monotonic()
        answer = like_post(user_id=fans[1].id, post_id=post.id)
        took = time.monotonic() - begin

    assert (answer, stored()[post.id]) == (Liking(is_changed=True, like_count=12), 6)
    assert took < 2
    assert like_count(post_id=post.id) == 12
