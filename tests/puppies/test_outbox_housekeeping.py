from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from puppies.models import Delivery
from puppies.outbox.housekeeping import BATCH, remove_done
from puppies.tasks import remove_done_deliveries
from tests.factories import DeliveryFactory
from tests.threads import on_own_connection


def done(seconds_ago: float) -> Delivery:
    return DeliveryFactory.create(done_at=timezone.now() - timedelta(seconds=seconds_ago))


@pytest.mark.django_db
def test_only_what_was_finished_long_enough_ago_is_removed() -> None:
    done(101)
    kept = {done(50).id, DeliveryFactory.create().id, DeliveryFactory.create(dead_at=timezone.now()).id}

    assert remove_done(keep_seconds=100) == 1
    assert set(Delivery.objects.values_list("id", flat=True)) == kept


@pytest.mark.django_db
def test_more_than_a_batch_is_removed_batch_by_batch() -> None:
    long_ago = timezone.now() - timedelta(days=1)
    rows = [Delivery(fact="f", payload={}, task="t", partition_key="1", done_at=long_ago)] * (2 * BATCH + 1)
    Delivery.objects.bulk_create(rows)

    assert remove_done(keep_seconds=100) == 2 * BATCH + 1
    assert Delivery.objects.count() == 0


@pytest.mark.django_db
def test_the_periodic_task_keeps_finished_deliveries_for_an_hour() -> None:
    done(3_700)
    kept = done(3_500)

    remove_done_deliveries()

    assert Delivery.objects.get() == kept


@pytest.mark.django_db(transaction=True)
def test_rows_that_another_transaction_holds_are_left_for_the_next_time() -> None:
    held, free = done(200), done(200)

    with transaction.atomic():
        assert Delivery.objects.select_for_update().get(id=held.id) == held
        assert on_own_connection(lambda: remove_done(keep_seconds=100)) == 1

    assert not Delivery.objects.filter(id=free.id).exists()
    assert remove_done(keep_seconds=100) == 1
