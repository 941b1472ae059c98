import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from puppies import ledger, trace
from puppies.models import Delivery, LedgerEntry
from puppies.outbox import leases
from puppies.outbox.runner import run
from tests.factories import DeliveryFactory
from tests.threads import run_together

Step = Callable[..., int | None]


def eat(*, position: int, bowl: int, last: int) -> int | None:
    """Write down one batch, `last` + 1 of them in all."""
    ledger.record(counter="tests.eaten", subject_id=bowl, actor_id=position, delta=1)
    return position + 1 if position < last else None


def choke_at(bad_position: int) -> Step:
    """Eats, but breaks after having written the batch at `bad_position`."""

    def step(*, position: int, bowl: int, last: int) -> int | None:
        following = eat(position=position, bowl=bowl, last=last)
        if position == bad_position:
            raise RuntimeError("a bone in the throat")
        return following

    return step


def eaten() -> list[int]:
    return list(LedgerEntry.objects.order_by("actor_id").values_list("actor_id", flat=True))


def end_lease() -> None:
    """Let the time of a lease pass."""
    span = timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    Delivery.objects.update(due_at=F("due_at") - span, lease_until=F("lease_until") - span)


def bowl(last: int = 2) -> Delivery:
    return DeliveryFactory.create(payload={"bowl": 1, "last": last})


def attempts_counted() -> int:
    """The attempts counted so far."""
    return Delivery.objects.values_list("attempts", flat=True).order_by("-id")[0]


def killed_while_running(delivery: Delivery, step: Step) -> bool:
    """Run the delivery in a process of its own; whether it was killed."""
    connection.close()
    child = os.fork()
    if child == 0:
        run(delivery_id=delivery.id, step=step)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.django_db
def test_all_batches_are_done_and_the_delivery_finished() -> None:
    delivery = bowl(last=3)

    run(delivery_id=delivery.id, step=eat)

    delivery.refresh_from_db()
    assert eaten() == [0, 1, 2, 3]
    assert delivery.done_at is not None
    assert (delivery.attempts, delivery.lease_until, delivery.error) == (0, None, "")


@pytest.mark.django_db
def test_the_same_message_again_changes_nothing() -> None:
    delivery = bowl()
    run(delivery_id=delivery.id, step=eat)
    finished = Delivery.objects.values().get()

    run(delivery_id=delivery.id, step=eat)

    assert eaten() == [0, 1, 2]
    assert Delivery.objects.values().get() == finished


@pytest.mark.django_db
def test_a_batch_that_breaks_leaves_nothing_of_itself_and_keeps_the_earlier_ones() -> None:
    delivery = bowl(last=4)

    run(delivery_id=delivery.id, step=choke_at(2))

    delivery.refresh_from_db()
    assert eaten() == [0, 1]
    assert (delivery.position, delivery.done_at, delivery.dead_at) == (2, None, None)
    assert delivery.error.endswith("RuntimeError: a bone in the throat\n")
    assert delivery.due_at > timezone.now()


@pytest.mark.django_db
def test_the_next_attempt_goes_on_where_the_last_one_broke() -> None:
    delivery = bowl(last=4)
    run(delivery_id=delivery.id, step=choke_at(2))

    run(delivery_id=delivery.id, step=eat)

    assert eaten() == [0, 1, 2, 3, 4]
    assert Delivery.objects.get().done_at is not None


@pytest.mark.django_db
def test_a_broken_statement_is_a_failed_attempt_like_any_other() -> None:
    def step(*, position: int, **_: object) -> int | None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        return None

    run(delivery_id=bowl().id, step=step)

    assert "division by zero" in Delivery.objects.get().error


@pytest.mark.django_db
def test_a_step_that_does_not_know_the_payload_fails_the_attempt() -> None:
    delivery = DeliveryFactory.create(payload={"unknown": 1})

    run(delivery_id=delivery.id, step=eat)

    assert "unexpected keyword argument 'unknown'" in Delivery.objects.get().error


@pytest.mark.django_db
def test_a_delivery_that_is_gone_is_nothing_to_do() -> None:
    run(delivery_id=1, step=eat)

    assert eaten() == []


@pytest.mark.django_db
def test_a_dead_letter_is_nothing_to_do() -> None:
    delivery = DeliveryFactory.create(payload={"bowl": 1, "last": 2}, dead_at=timezone.now())

    run(delivery_id=delivery.id, step=eat)

    assert eaten() == []


@pytest.mark.django_db
def test_the_last_failed_attempt_makes_a_dead_letter(settings: Settings) -> None:
    settings.DELIVERY_MAX_ATTEMPTS = 3
    delivery = bowl()

    for _ in range(5):
        run(delivery_id=delivery.id, step=choke_at(0))

    delivery.refresh_from_db()
    assert (delivery.attempts, eaten()) == (3, [])
    assert delivery.dead_at is not None


@pytest.mark.django_db
def test_progress_gives_all_attempts_back(settings: Settings) -> None:
    settings.DELIVERY_MAX_ATTEMPTS = 2
    delivery = bowl(last=4)

    for bad_position in (0, 1, 2, 3, 4):
        run(delivery_id=delivery.id, step=choke_at(bad_position))

    delivery.refresh_from_db()
    assert (delivery.position, delivery.dead_at, eaten()) == (4, None, [0, 1, 2, 3])


@pytest.mark.django_db
def test_attempts_that_end_without_a_word_make_a_dead_letter(settings: Settings) -> None:
    settings.DELIVERY_MAX_ATTEMPTS = 3
    delivery = bowl()
    for _ in range(3):
        leases.claim(delivery_id=delivery.id)
        end_lease()

    run(delivery_id=delivery.id, step=eat)

    delivery.refresh_from_db()
    assert (delivery.dead_at is not None, eaten()) == (True, [])
    assert delivery.error == "Every attempt ended without a word: the worker was lost."


@pytest.mark.django_db
def test_the_step_works_in_the_trace_of_the_request() -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    seen = []

    def step(*, position: int) -> int | None:
        current = trace.current()
        seen.append(current.trace_id if current else None)
        return None

    run(delivery_id=DeliveryFactory.create(traceparent=f"00-{trace_id}-00f067aa0ba902b7-01").id, step=step)

    assert seen == [trace_id]


@pytest.mark.django_db(transaction=True)
def test_copies_of_one_message_at_the_same_time_do_each_batch_once() -> None:
    delivery = bowl(last=20)

    run_together(*[lambda: run(delivery_id=delivery.id, step=eat)] * 3)
    run(delivery_id=delivery.id, step=eat)

    assert eaten() == list(range(21))
    assert Delivery.objects.get().done_at is not None


@pytest.mark.django_db(transaction=True)
def test_many_copies_at_the_same_time_finish_a_healthy_delivery_in_one_attempt() -> None:
    began = []

    def step(*, position: int, bowl: int, last: int) -> int | None:
        began.append(attempts_counted())
        time.sleep(0.005)
        return eat(position=position, bowl=bowl, last=last)

    for _ in range(5):
        LedgerEntry.objects.all().delete()
        began.clear()
        delivery = bowl(last=10)

        run_together(*[lambda delivery=delivery: run(delivery_id=delivery.id, step=step)] * 12)

        delivery.refresh_from_db()
        assert (delivery.done_at is not None, delivery.dead_at, delivery.error) == (True, None, "")
        assert eaten() == list(range(11))
        assert began == [1] + [0] * 10


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_each_time_makes_a_dead_letter(settings: Settings) -> None:
    settings.DELIVERY_MAX_ATTEMPTS = 3
    delivery = bowl()

    def die(**_: object) -> int | None:
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    deaths: list[bool] = []
    while Delivery.objects.get().dead_at is None and len(deaths) < 10:
        assert [leased.id for leased in leases.lease_due(limit=1)] == [delivery.id]
        deaths.append(killed_while_running(delivery, die))
        end_lease()

    assert deaths == [True, True, True, False]
    assert "without a word" in Delivery.objects.get().error
