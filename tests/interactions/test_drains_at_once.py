import os
import signal

import pytest
from django.db import connection, transaction

from interactions import draining
from interactions.draining import Batch, drain, drain_batch
from interactions.selectors import like_count
from interactions.services import like_post, unlike_post
from posts.models import Post
from puppies.models import LedgerEntry
from tests.factories import UserFactory
from tests.interactions.gathering import LIKES, gather, likes_by_post, posts, record, stored
from tests.threads import on_own_connection, run_together


@pytest.mark.django_db(transaction=True)
def test_a_drain_killed_between_two_batches_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "ENTRIES", 20)
    (post,) = posts(1)
    gather(post, 100)

    connection.close()
    child = os.fork()
    if child == 0:
        drain_batch(LIKES, subject_ids=[post.id])
        os.kill(os.getpid(), signal.SIGKILL)
    _, status = os.waitpid(child, 0)

    assert os.WTERMSIG(status) == signal.SIGKILL
    assert (stored(), like_count(post_id=post.id)) == ({post.id: 20}, 100)
    assert drain() == 80
    assert (stored(), LedgerEntry.objects.count()) == ({post.id: 100}, 0)


@pytest.mark.django_db(transaction=True)
def test_two_drains_at_one_subject_of_many_batches_count_each_entry_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(draining, "ENTRIES", 20)
    (post,) = posts(1)
    gather(post, 1_000)

    def look() -> int:
        shown = {like_count(post_id=post.id) for _ in range(100)}
        assert shown == {1_000}
        return 0

    run_together(drain, drain, look)
    drain()

    assert (stored(), LedgerEntry.objects.count()) == ({post.id: 1_000}, 0)


@pytest.mark.django_db(transaction=True)
def test_two_drains_never_work_on_one_post() -> None:
    held, free = posts(2)
    record(held, 1, -1)
    record(free, 1)

    with transaction.atomic():
        assert Post.objects.select_for_update(no_key=True).get(id=held.id) == held
        record(held, 1)
        assert on_own_connection(lambda: drain_batch(LIKES, subject_ids=[held.id, free.id])) == Batch(1, [])

    assert stored() == {held.id: 0, free.id: 1}
    assert LedgerEntry.objects.filter(subject_id=held.id).count() == 3
    assert drain() == 3
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
        assert drain_batch(LIKES, subject_ids=[post.id]) == Batch(2, [])
        transaction.set_rollback(True)

    assert (stored(), like_count(post_id=post.id)) == ({post.id: 0}, 2)
    assert drain() == 2
    assert stored() == {post.id: 2}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("drains", [2, 4])
def test_many_likers_at_once_with_two_drains_and_two_beats_are_counted_exactly(drains: int) -> None:
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
        *[lambda place=place: like_and_waver(place) for place in range(8)], *[keep_draining] * drains
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
