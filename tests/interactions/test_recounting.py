"""The recount: nothing wrong is overlooked, nothing right is reported, and repairs are exact while likes go on."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from accounts import modes
from accounts.models import User
from interactions import recounting
from interactions.draining import COUNTERS, drain, drain_batch
from interactions.models import Like, RecountRound
from interactions.recounting import Drift, drifts_of, recount_batch, repair, repair_sql, sweep
from interactions.selectors import like_count
from interactions.services import like_post, unlike_post
from interactions.tasks import recount_counters
from posts.models import Post
from puppies.ids import MAX_ID
from puppies.sql import execute
from tests.elsewhere import Elsewhere
from tests.factories import PostFactory, UserFactory
from tests.interactions.damaging import DAMAGES, damage, loved
from tests.interactions.gathering import LIKES, posts, stored
from tests.plans import analyze, fill_accounts, plan_of
from tests.threads import run_together


def all_drifts() -> list[Drift]:
    done = recount_batch(after=0)
    assert done.last is not None
    return done.drifts


@pytest.mark.django_db
def test_what_is_right_is_no_drift_drained_or_not() -> None:
    loved()

    assert all_drifts() == []
    drain()
    assert all_drifts() == []


@pytest.mark.django_db
@pytest.mark.parametrize("counter", DAMAGES)
def test_each_wrong_count_is_found_and_repaired(counter: str) -> None:
    post = loved()
    drift = damage(counter, post)

    assert all_drifts() == [drift]
    assert repair([drift]) == [drift]
    assert all_drifts() == []
    assert repair([drift]) == []
    drain()
    assert all_drifts() == []


@pytest.mark.django_db
def test_rows_that_somebody_removed_are_drift_and_so_is_a_forgotten_entry() -> None:
    post = loved()
    Like.objects.filter(post_id=post.id)[:1].get().delete()
    execute("DELETE FROM puppies_ledgerentry WHERE counter = 'post.likes'", {})

    assert all_drifts() == []
    unlike_post(user_id=Like.objects.filter(post_id=post.id)[:1].get().user_id, post_id=post.id)
    execute("DELETE FROM puppies_ledgerentry WHERE counter = 'post.likes'", {})
    assert all_drifts() == [Drift("post.likes", post.id, -1)]


@pytest.mark.django_db
def test_counts_that_go_with_an_account_are_not_examined() -> None:
    post = loved()
    damage("post.likes", post)
    damage("user.posts", post)
    User.objects.filter(id=post.author_id).update(state=User.State.PURGING)

    assert all_drifts() == []


@pytest.mark.django_db
def test_a_repaired_count_of_followers_decides_about_the_mode() -> None:
    author = UserFactory.create()
    execute(
        "UPDATE accounts_user SET followers_count = 20000, fanout_mode = 'pull' WHERE id = %(id)s",
        {"id": author.id},
    )

    repair(all_drifts())

    author.refresh_from_db()
    assert (author.followers_count, author.fanout_mode) == (0, User.FanoutMode.PUSH)


@pytest.mark.django_db
def test_batches_walk_over_accounts_and_posts_by_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recounting, "BATCH", 2)
    loved()
    ids = sorted([*User.objects.values_list("id", flat=True), *Post.objects.values_list("id", flat=True)])

    lasts, after = [], 0
    while (done := recount_batch(after=after)).last is not None:
        lasts.append((done.examined, done.last))
        after = done.last

    assert lasts == [(2, ids[1]), (2, ids[3]), (1, ids[4])]
    assert recount_batch(after=MAX_ID).last is None


@pytest.mark.django_db
def test_a_round_is_walked_in_pieces_and_tells_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recounting, "BATCH", 1)
    monkeypatch.setattr(recounting, "RUN_SECONDS", 0.0)
    post = loved()
    for counter in ("post.likes", "user.posts"):
        damage(counter, post)
    found = []
    for _ in range(6):
        recount_counters()
        place = RecountRound.objects.get()
        found.append((sum(place.found.values()), sum(place.last_found.values()), place.rounds))

    assert found == [(1, 0, 0), (2, 0, 0), (2, 0, 0), (2, 0, 0), (2, 0, 0), (0, 2, 1)]


@pytest.mark.django_db
def test_the_metric_is_0_and_tells_of_drift_until_a_whole_round_found_none(
    anonymous_client: APIClient,
) -> None:
    post = loved()
    before = gauges(anonymous_client)
    sweep()
    sound = gauges(anonymous_client)
    drift = damage("post.likes", post)
    assert sweep() == 1
    wrong = gauges(anonymous_client)
    repair([drift])
    sweep()

    assert before == {}
    assert {key: value for key, value in sound.items() if "drift" in key} == {
        f'puppies_counter_drift{{counter="{counter.name}"}}': 0.0 for counter in COUNTERS
    }
    assert 0 <= sound["puppies_counter_recount_age_seconds"] < 60
    assert wrong['puppies_counter_drift{counter="post.likes"}'] == 1.0
    assert gauges(anonymous_client)['puppies_counter_drift{counter="post.likes"}'] == 0.0


def gauges(client: APIClient) -> dict[str, float]:
    lines = client.get("/metrics").content.decode().splitlines()
    own = [line.rpartition(" ") for line in lines if line.startswith("puppies_counter_")]
    return {name: float(value) for name, _, value in own}


@pytest.mark.django_db(transaction=True)
def test_a_repair_waits_for_the_drain_that_holds_the_post(elsewhere: Elsewhere) -> None:
    post = loved()
    drift = damage("post.likes", post)

    with transaction.atomic():
        drain_batch(LIKES, subject_ids=[post.id])
        repaired = elsewhere.start(lambda: repair([drift]))

    assert repaired.result(timeout=10) == [drift]
    assert (like_count(post_id=post.id), all_drifts()) == (3, [])


@pytest.mark.django_db(transaction=True)
def test_likes_drains_and_repairs_at_once_end_exact() -> None:
    (post,) = posts(1)
    fans = UserFactory.create_batch(3)

    def waver(fan: User) -> Callable[[], None]:
        def likes() -> None:
            for number in range(40):
                (unlike_post if number % 2 else like_post)(user_id=fan.id, post_id=post.id)
            like_post(user_id=fan.id, post_id=post.id)

        return likes

    def drains() -> None:
        for _ in range(20):
            drain()

    def break_and_repair() -> None:
        for number in range(10):
            execute(
                "UPDATE posts_post SET like_count = like_count + %(n)s WHERE id = %(id)s",
                {"n": 3 - number % 7 or 9, "id": post.id},
            )
            assert repair(drifts_of([post.id]))
            assert drifts_of([post.id]) == []

    run_together(*[waver(fan) for fan in fans], drains, break_and_repair)
    drain()

    assert stored() == {post.id: 3}


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_are_one_round() -> None:
    loved()

    run_together(sweep, sweep, sweep)

    place = RecountRound.objects.get()
    assert 1 <= place.rounds <= 3
    assert (place.position, place.found, place.last_found) == (0, {}, {})


@pytest.mark.django_db
@pytest.mark.parametrize("counter", COUNTERS, ids=lambda counter: counter.name)
def test_a_batch_is_recounted_by_indexes(counter: Any) -> None:
    fill_accounts(20_000)
    star = UserFactory.create(username="star")
    post = PostFactory.create(author=star)
    execute(
        "INSERT INTO interactions_like (user_id, post_id) SELECT id, %(p)s FROM accounts_user", {"p": post.id}
    )
    execute(
        "INSERT INTO accounts_follow (follower_id, followee_id) SELECT id, %(s)s FROM accounts_user WHERE id < 20001",
        {"s": star.id},
    )
    analyze("interactions_like", "accounts_follow")
    ids = [*range(1, 200), post.id, star.id]

    execute(recounting.PATIENTLY, {})

    looking = plan_of(recounting.drift_sql(counter), {"ids": ids})
    repairing = plan_of(repair_sql(counter), {"ids": ids, **modes.thresholds()})

    assert looking.scanned_whole() == repairing.scanned_whole() == set()
    assert "ledger_by_subject" in looking.indexes()
