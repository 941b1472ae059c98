from dataclasses import dataclass
from typing import ClassVar

import pytest
from django.db import connection, transaction

from puppies import trace
from puppies.events import Event, NotInTransaction, publish
from puppies.models import Delivery
from puppies.subscriptions import Subscription, subscribe


@dataclass(frozen=True, slots=True)
class BoneBuried(Event):
    name: ClassVar[str] = "tests.bone_buried.v1"
    bone_id: int
    dog_id: int


@dataclass(frozen=True, slots=True)
class BoneForgotten(Event):
    name: ClassVar[str] = "tests.bone_forgotten.v1"
    bone_id: int


subscribe(
    Subscription(event=BoneBuried, task="tests.draw_map", key="dog_id"),
    Subscription(event=BoneBuried, task="tests.count_bones", key="bone_id"),
)


@pytest.mark.django_db
def test_a_fact_is_one_delivery_for_each_subscription() -> None:
    publish(BoneBuried(bone_id=7, dog_id=2**62))

    rows = Delivery.objects.order_by("task").values_list("fact", "task", "partition_key", "payload")
    assert list(rows) == [
        ("tests.bone_buried.v1", "tests.count_bones", "7", {"bone_id": 7, "dog_id": 2**62}),
        ("tests.bone_buried.v1", "tests.draw_map", str(2**62), {"bone_id": 7, "dog_id": 2**62}),
    ]


@pytest.mark.django_db
def test_a_fresh_delivery_is_open_and_untouched() -> None:
    publish(BoneBuried(bone_id=7, dog_id=8))

    delivery = Delivery.objects.filter(task="tests.draw_map").get()
    assert (delivery.position, delivery.attempts, delivery.publications) == (0, 0, 0)
    assert (delivery.lease_until, delivery.done_at, delivery.dead_at, delivery.error) == (
        None,
        None,
        None,
        "",
    )


@pytest.mark.django_db
def test_a_fact_without_subscriptions_leaves_nothing() -> None:
    publish(BoneForgotten(bone_id=7))

    assert Delivery.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_fact_never_happened() -> None:
    with transaction.atomic():
        publish(BoneBuried(bone_id=7, dog_id=8))
        transaction.set_rollback(True)

    assert Delivery.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_fact_outside_a_transaction_is_refused() -> None:
    with pytest.raises(NotInTransaction, match=r"Publish tests\.bone_buried\.v1 inside the transaction"):
        publish(BoneBuried(bone_id=7, dog_id=8))

    assert Delivery.objects.count() == 0


@pytest.mark.django_db
def test_deliveries_carry_the_trace_of_the_work_that_published_them() -> None:
    with trace.tracing(traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"):
        publish(BoneBuried(bone_id=7, dog_id=8))

    traceparents = Delivery.objects.values_list("traceparent", flat=True)
    assert {trace.trace_id_of(found) for found in traceparents} == {"4bf92f3577b34da6a3ce929d0e0e4736"}


@pytest.mark.django_db
def test_deliveries_outside_any_trace_carry_none() -> None:
    publish(BoneBuried(bone_id=7, dog_id=8))

    assert set(Delivery.objects.values_list("traceparent", flat=True)) == {""}


@pytest.mark.django_db(transaction=True)
def test_a_committed_fact_wakes_a_listening_relay() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LISTEN puppies_deliveries; SELECT pg_sleep(0.02)")

    with transaction.atomic():
        publish(BoneBuried(bone_id=7, dog_id=8))

    raw = connection.connection
    raw.poll()
    channels = [notice.channel for notice in raw.notifies]
    raw.notifies.clear()
    with connection.cursor() as cursor:
        cursor.execute("UNLISTEN *")
    assert channels == ["puppies_deliveries"]
