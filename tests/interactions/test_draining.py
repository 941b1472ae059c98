from collections import Counter as Tally

import pytest
from django.db import transaction

from interactions import draining
from interactions.draining import COUNTERS, drain, drain_batch
from interactions.models import Like
from interactions.selectors import like_count
from interactions.services import like_post, unlike_post
from interactions.tasks import drain_ledger
from posts.models import Post
from puppies import ledger
from puppies.models import LedgerEntry
from tests.factories import PostFactory, UserFactory
from tests.threads import on_own_connection, run_together

LIKES = COUNTERS[0]


def stored() -> dict[int, int]:
    return dict(Post.objects.values_list("id", "like_count"))


def likes_by_post() -> dict[int, int]:
    return dict(Tally(Like.objects.values_list("post_id", flat=True)))


def record(post: Post, *deltas: int) -> None:
    for delta in deltas:
        ledger.record(counter=LIKES.name, subject_id=post.id, actor_id=1, delta=delta)


def posts(count: int) -> list[Post]:
    """Posts whose own entries in the ledger are drained."""
    made = PostFactory.create_batch(count)
    drain()
    return made


@pytest.mark.django_db
def test_a_drain_moves_the_ledger_into_the_counts() -> None:
    first, second, third = posts(3)
    record(first, 1, 1, 1, -1)
    record(second, 1, -1)

    assert drain() == 2

    assert stored() == {first.id: 2, second.id: 0, third.id: 0}
    assert LedgerEntry.objects.count() == 0


@pytest.mark.django_db
def test_a_drain_of_nothing_changes_nothing() -> None:
    (post,) = posts(1)

    assert (drain(), stored()) == (0, {post.id: 0})


@pytest.mark.django_db
def test_each_counter_goes_where_it_belongs() -> None:
    author = UserFactory.create()
    post = PostFactory.create(author=author)
    for counter in COUNTERS:
        subject = post.id if counter.table == "posts_post" else author.id
        ledger.record(counter=counter.name, subject_id=subject, actor_id=1, delta=1)

    drain_ledger()

    author.refresh_from_db()
    post.refresh_from_db()
    assert (post.like_count, post.comment_count) == (1, 1)
    assert (author.followers_count, author.following_count, author.posts_count) == (1, 1, 2)


@pytest.mark.django_db
def test_what_is_shown_is_the_same_before_and_after() -> None:
    (post,) = posts(1)
    record(post, 1, 1)
    before = like_count(post_id=post.id)
    drain()
    record(post, 1)

    assert (before, like_count(post_id=post.id)) == (2, 3)


@pytest.mark.django_db
def test_more_subjects_than_a_batch_are_all_drained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(draining, "SUBJECTS", 2)
    many = posts(5)
    for post in many:
        record(post, 1)

    assert drain() == 5
    assert set(stored().values()) == {1}


@pytest.mark.django_db
def test_entries_of_subjects_that_are_gone_do_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "SUBJECTS", 2)
    (post,) = posts(1)
    for gone in range(1, 6):
        ledger.record(counter=LIKES.name, subject_id=gone, actor_id=1, delta=1)
    record(post, 1)

    drain()

    assert stored() == {post.id: 1}


@pytest.mark.django_db(transaction=True)
def test_two_drains_never_split_the_changes_of_one_post() -> None:
    held, free = posts(2)
    record(held, 1, -1)
    record(free, 1)

    with transaction.atomic():
        assert Post.objects.select_for_update(no_key=True).get(id=held.id) == held
        record(held, 1)
        assert on_own_connection(lambda: drain_batch(LIKES, subject_ids=[held.id, free.id])) == [free.id]

    assert stored() == {held.id: 0, free.id: 1}
    assert LedgerEntry.objects.filter(subject_id=held.id).count() == 3
    assert drain() == 1
    assert stored() == {held.id: 1, free.id: 1}


@pytest.mark.django_db(transaction=True)
def test_held_subjects_do_not_hold_up_the_later_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "SUBJECTS", 1)
    held, free = posts(2)
    record(held, 1)
    record(free, 1)

    with transaction.atomic():
        assert Post.objects.select_for_update(no_key=True).get(id=held.id) == held
        assert on_own_connection(drain) == 1

    assert stored() == {held.id: 0, free.id: 1}


@pytest.mark.django_db(transaction=True)
def test_a_drain_that_rolls_back_loses_nothing() -> None:
    (post,) = posts(1)
    record(post, 1, 1)

    with transaction.atomic():
        assert drain_batch(LIKES, subject_ids=[post.id]) == [post.id]
        transaction.set_rollback(True)

    assert (stored(), like_count(post_id=post.id)) == ({post.id: 0}, 2)
    assert drain() == 1
    assert stored() == {post.id: 2}


@pytest.mark.django_db(transaction=True)
def test_many_likers_at_once_with_two_drains_are_counted_exactly() -> None:
    many, fans = posts(4), UserFactory.create_batch(8)

    def like_and_waver(place: int) -> None:
        for number, post in enumerate(many * 3):
            like_post(user_id=fans[place].id, post_id=post.id)
            if (place + number) % 3 == 0:
                unlike_post(user_id=fans[place].id, post_id=post.id)

    def keep_draining() -> None:
        for _ in range(25):
            drain()

    run_together(
        *[lambda place=place: like_and_waver(place) for place in range(8)], keep_draining, keep_draining
    )

    expected = {post.id: 0 for post in many} | likes_by_post()
    assert {post.id: like_count(post_id=post.id) for post in many} == expected
    drain()
    assert stored() == expected
    assert LedgerEntry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_count_is_exact_at_every_moment_of_a_drain() -> None:
    (post,) = posts(1)
    record(post, *[1] * 50)

    def look() -> set[int]:
        return {like_count(post_id=post.id) for _ in range(200)}

    def drain_and_count() -> set[int]:
        drain()
        return {50}

    assert run_together(look, look, drain_and_count) == [{50}, {50}, {50}]
