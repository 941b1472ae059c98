from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from pytest_django import Settings

from puppies.models import Delivery
from puppies.outbox import leases
from puppies.outbox.leases import Claimed, Leased
from tests.factories import DeliveryFactory
from tests.threads import on_own_connection, run_together


def now() -> datetime:
    """The database's instant; in a test's transaction it stands still."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        instant: datetime = cursor.fetchone()[0]
    return instant


def pass_time(seconds: int) -> None:
    """Let every delivery be `seconds` older."""
    span = timedelta(seconds=seconds)
    Delivery.objects.update(due_at=F("due_at") - span, lease_until=F("lease_until") - span)


def leased_ids(limit: int = 100) -> list[int]:
    return [leased.id for leased in leases.lease_due(limit=limit)]


@pytest.mark.django_db
def test_a_lease_tells_the_relay_what_to_publish() -> None:
    delivery = DeliveryFactory.create(task="tests.fetch", partition_key="42", traceparent="00-aa-bb-01")

    leased = leases.lease_due(limit=10)

    assert leased == [Leased(delivery.id, "tests.fetch", "42", "00-aa-bb-01")]
    delivery.refresh_from_db()
    assert delivery.lease_until == delivery.due_at == now() + timedelta(seconds=12)


@pytest.mark.django_db
def test_only_open_and_due_deliveries_are_leased() -> None:
    due = DeliveryFactory.create()
    DeliveryFactory.create(due_at=now() + timedelta(seconds=1))
    DeliveryFactory.create(done_at=now())
    DeliveryFactory.create(dead_at=now())

    assert leased_ids() == [due.id]


@pytest.mark.django_db
def test_the_longest_due_are_leased_first() -> None:
    ages = [3, 9, 1, 7]
    by_age = {age: DeliveryFactory.create(due_at=now() - timedelta(seconds=age)).id for age in ages}

    assert set(leased_ids(limit=2)) == {by_age[9], by_age[7]}
    assert set(leased_ids(limit=2)) == {by_age[3], by_age[1]}
    assert leased_ids() == []


@pytest.mark.django_db
def test_a_lease_that_ends_brings_the_delivery_back_and_doubles_once_only() -> None:
    delivery = DeliveryFactory.create()
    spans = []

    for _ in range(4):
        assert leased_ids() == [delivery.id]
        delivery.refresh_from_db()
        span = int((delivery.due_at - now()).total_seconds())
        spans.append(span)
        pass_time(span - 1)
        assert leased_ids() == []
        pass_time(1)

    assert spans == [12, 24, 24, 24]


@pytest.mark.django_db
def test_a_released_delivery_is_due_again_in_a_second_without_having_doubled() -> None:
    delivery = DeliveryFactory.create()
    leased_ids()

    leases.release(ids=[delivery.id])

    delivery.refresh_from_db()
    assert (delivery.publications, delivery.lease_until) == (0, None)
    assert delivery.due_at == now() + timedelta(seconds=1)


@pytest.mark.django_db
def test_releasing_leaves_settled_deliveries_alone() -> None:
    done = DeliveryFactory.create(done_at=now(), publications=3)

    leases.release(ids=[done.id])

    assert Delivery.objects.values_list("publications", "due_at").get() == (3, done.due_at)


@pytest.mark.django_db
def test_a_claim_begins_an_attempt_and_a_lease() -> None:
    delivery = DeliveryFactory.create(payload={"post_id": 2**62}, publications=4, traceparent="00-aa-bb-01")

    claimed = leases.claim(delivery_id=delivery.id)

    assert claimed == Claimed(delivery.id, {"post_id": 2**62}, 1, "00-aa-bb-01")
    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.publications) == (1, 0)
    assert delivery.due_at == delivery.lease_until == now() + timedelta(seconds=12)


@pytest.mark.django_db
def test_a_claim_leaves_a_living_attempt_alone_until_its_lease_is_over() -> None:
    delivery = DeliveryFactory.create()
    leases.claim(delivery_id=delivery.id)
    claimed = Delivery.objects.values().get()

    assert leases.claim(delivery_id=delivery.id) is None
    assert Delivery.objects.values().get() == claimed

    pass_time(12)
    again = leases.claim(delivery_id=delivery.id)
    assert again is not None
    assert again.attempts == 2


@pytest.mark.django_db
def test_what_a_relay_publishes_again_begins_another_attempt() -> None:
    delivery = DeliveryFactory.create()
    leases.claim(delivery_id=delivery.id)
    pass_time(12)

    assert leased_ids() == [delivery.id]

    assert leases.claim(delivery_id=delivery.id) is not None
    assert leases.claim(delivery_id=delivery.id) is None
    assert Delivery.objects.get().attempts == 2


@pytest.mark.django_db
def test_progress_is_a_sign_of_life_to_what_was_published_meanwhile() -> None:
    delivery = DeliveryFactory.create()
    leases.claim(delivery_id=delivery.id)
    pass_time(12)
    leased_ids()

    leases.advance(delivery_id=delivery.id, position=1_000)

    assert leases.claim(delivery_id=delivery.id) is None


@pytest.mark.django_db
def test_a_failed_attempt_is_not_alive() -> None:
    delivery = DeliveryFactory.create()
    leases.claim(delivery_id=delivery.id)
    leases.fail(delivery_id=delivery.id, error="broken")

    assert leases.claim(delivery_id=delivery.id) is not None


@pytest.mark.django_db
def test_a_relay_gives_nothing_back_that_a_task_has_begun() -> None:
    delivery = DeliveryFactory.create()
    leased_ids()
    leases.claim(delivery_id=delivery.id)
    claimed = Delivery.objects.values().get()

    leases.release(ids=[delivery.id])

    assert Delivery.objects.values().get() == claimed


@pytest.mark.django_db(transaction=True)
def test_a_claim_never_waits_for_a_batch_at_work() -> None:
    delivery = DeliveryFactory.create()
    leases.claim(delivery_id=delivery.id)
    pass_time(12)

    with transaction.atomic():
        assert leases.lock(delivery_id=delivery.id) == 0
        assert on_own_connection(lambda: leases.claim(delivery_id=delivery.id)) is None

    assert Delivery.objects.get().attempts == 1


@pytest.mark.django_db
def test_there_is_nothing_to_claim_in_what_is_settled_or_gone() -> None:
    done, dead = DeliveryFactory.create(done_at=now()), DeliveryFactory.create(dead_at=now())

    assert leases.claim(delivery_id=done.id) is None
    assert leases.claim(delivery_id=dead.id) is None
    assert leases.claim(delivery_id=1) is None
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {0}


@pytest.mark.django_db
def test_progress_moves_the_position_and_forgives_the_attempts() -> None:
    delivery = DeliveryFactory.create(attempts=5)

    leases.advance(delivery_id=delivery.id, position=1_000)

    delivery.refresh_from_db()
    assert (delivery.position, delivery.attempts) == (1_000, 0)
    assert delivery.due_at == now() + timedelta(seconds=12)
    assert leases.lock(delivery_id=delivery.id) == 1_000


@pytest.mark.django_db
def test_a_finished_delivery_never_changes_again() -> None:
    delivery = DeliveryFactory.create(error="once failed")
    leases.finish(delivery_id=delivery.id)
    finished = Delivery.objects.values().get()

    leases.finish(delivery_id=delivery.id)
    leases.advance(delivery_id=delivery.id, position=7)
    leases.release(ids=[delivery.id])
    assert leases.fail(delivery_id=delivery.id, error="late") is False
    assert leases.claim(delivery_id=delivery.id) is None
    assert leases.lock(delivery_id=delivery.id) is None

    assert Delivery.objects.values().get() == finished
    assert (finished["done_at"], finished["error"], finished["lease_until"]) == (now(), "", None)


@pytest.mark.django_db
def test_failures_back_off_twice_as_long_each_until_the_delivery_is_dead(settings: Settings) -> None:
    settings.DELIVERY_MAX_ATTEMPTS, settings.DELIVERY_BACKOFF_SECONDS = 4, 2
    delivery = DeliveryFactory.create()
    waits, deaths = [], []

    for number in range(1, 5):
        leases.claim(delivery_id=delivery.id)
        deaths.append(leases.fail(delivery_id=delivery.id, error=f"failure {number}"))
        delivery.refresh_from_db()
        waits.append((delivery.due_at - now()).total_seconds())

    assert (waits, deaths) == ([2, 4, 8, 16], [False, False, False, True])
    assert (delivery.dead_at, delivery.error, delivery.lease_until) == (now(), "failure 4", None)
    pass_time(3_600)
    assert leased_ids() == []


@pytest.mark.django_db
def test_a_back_off_ends_at_ten_minutes(settings: Settings) -> None:
    settings.DELIVERY_MAX_ATTEMPTS = 1_000
    delivery = DeliveryFactory.create(attempts=500)

    leases.fail(delivery_id=delivery.id, error="again")

    delivery.refresh_from_db()
    assert delivery.due_at == now() + timedelta(minutes=10)


@pytest.mark.django_db
def test_an_error_keeps_its_end_and_no_nul() -> None:
    delivery = DeliveryFactory.create()

    leases.fail(delivery_id=delivery.id, error="x" * 5_000 + "the\x00 reason")

    delivery.refresh_from_db()
    assert delivery.error == "x" * (2_000 - 11) + "the reason"


@pytest.mark.django_db(transaction=True)
def test_relays_at_the_same_time_never_lease_one_delivery_twice() -> None:
    expected = {DeliveryFactory.create().id for _ in range(60)}

    batches = run_together(*[lambda: [leased_ids(limit=5) for _ in range(5)]] * 4)

    found = [identifier for batch in batches for lease in batch for identifier in lease]
    assert len(found) == 60
    assert set(found) == expected


@pytest.mark.django_db(transaction=True)
def test_a_relay_passes_over_what_another_is_leasing() -> None:
    held, free = DeliveryFactory.create(), DeliveryFactory.create()

    with transaction.atomic():
        assert Delivery.objects.select_for_update().get(id=held.id) == held
        assert on_own_connection(leased_ids) == [free.id]

    assert leased_ids() == [held.id]


@pytest.mark.django_db(transaction=True)
def test_a_second_copy_of_a_message_passes_over_a_batch_at_work() -> None:
    delivery = DeliveryFactory.create()

    with transaction.atomic():
        assert leases.lock(delivery_id=delivery.id) == 0
        assert on_own_connection(lambda: leases.lock(delivery_id=delivery.id)) is None

    with transaction.atomic():
        assert leases.lock(delivery_id=delivery.id) == 0
