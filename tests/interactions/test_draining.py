import time
from typing import Any

import pytest
from django.db import connection

from interactions import draining
from interactions.draining import COUNTERS, Batch, drain, drain_batch
from interactions.selectors import like_count
from interactions.tasks import drain_ledger
from puppies import ledger
from puppies.models import LedgerEntry
from tests.factories import PostFactory, UserFactory
from tests.interactions.gathering import FOLLOWERS, LIKES, gather, posts, record, stored


@pytest.mark.django_db
def test_a_drain_moves_the_ledger_into_the_counts() -> None:
    first, second, third = posts(3)
    record(first, 1, 1, 1, -1)
    record(second, 1, -1)

    assert drain() == 6

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


@pytest.mark.django_db
def test_a_transaction_takes_no_more_entries_than_allowed_and_each_subject_has_its_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(draining, "ENTRIES", 20)
    loved, liked = posts(2)
    gather(loved, 50)
    gather(liked, 3)

    batch = drain_batch(LIKES, subject_ids=[loved.id, liked.id])

    assert batch == Batch(13, [loved.id])
    assert stored() == {loved.id: 10, liked.id: 3}
    assert (like_count(post_id=loved.id), LedgerEntry.objects.count()) == (50, 40)


@pytest.mark.django_db
def test_one_subject_with_many_batches_is_drained_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "ENTRIES", 20)
    loved, liked = posts(2)
    gather(loved, 130)
    gather(liked, 1)

    assert drain() == 131

    assert stored() == {loved.id: 130, liked.id: 1}
    assert LedgerEntry.objects.count() == 0


@pytest.mark.django_db
def test_a_run_ends_in_time_and_the_next_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "ENTRIES", 1)
    (post,) = posts(1)
    gather(post, 3_000)
    monkeypatch.setattr(draining, "RUN_SECONDS", 0.1)
    began = time.monotonic()

    added = drain()

    first = stored()[post.id]
    assert added == first
    assert time.monotonic() - began < 2
    assert 0 < first < 3_000
    assert like_count(post_id=post.id) == 3_000
    assert drain() > 0
    assert stored()[post.id] > first
    assert like_count(post_id=post.id) == 3_000


@pytest.mark.django_db
def test_a_loved_post_does_not_hold_up_the_other_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    author = UserFactory.create()
    (post,) = posts(1)
    gather(post, 1_000)
    ledger.record(counter=FOLLOWERS.name, subject_id=author.id, actor_id=1, delta=1)
    monkeypatch.setattr(draining, "ENTRIES", 1)
    monkeypatch.setattr(draining, "RUN_SECONDS", 0.1)

    drain()

    author.refresh_from_db()
    assert author.followers_count == 1
    assert like_count(post_id=post.id) == 1_000


@pytest.mark.django_db
def test_finding_what_waits_costs_the_same_however_many_entries_a_subject_has() -> None:
    first, second = posts(2)
    gather(first, 30_000)
    gather(second, 1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE puppies_ledgerentry")
        names: dict[str, Any] = {"counter": LIKES.name, "after": 0, "limit": 500}
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + draining.WAITING, names)
        [[[plan]]] = cursor.fetchall()

    blocks = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    assert plan["Plan"]["Actual Rows"] == 2
    assert blocks < 50
