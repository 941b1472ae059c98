"""The life of a delivery: whatever happens in whatever order, the row says what the rules say."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from puppies.models import Delivery
from puppies.outbox import leases
from tests.factories import DeliveryFactory

MAX_ATTEMPTS = 8


@dataclass
class Rules:
    """What should be in the row."""

    is_due: bool = True
    is_published: bool = False
    is_alive: bool = False
    is_done: bool = False
    is_dead: bool = False
    attempts: int = 0
    position: int = 0

    @property
    def is_open(self) -> bool:
        return not (self.is_done or self.is_dead)

    def lease(self, delivery_id: int) -> None:
        found = [leased.id for leased in leases.lease_due(limit=100)]

        assert found == ([delivery_id] if self.is_open and self.is_due else [])
        if found:
            self.is_due, self.is_published, self.is_alive = False, True, False

    def wait(self, delivery_id: int) -> None:
        day = timedelta(days=1)
        Delivery.objects.filter(id=delivery_id).update(
            due_at=F("due_at") - day, lease_until=F("lease_until") - day
        )
        self.is_due, self.is_alive = True, False

    def release(self, delivery_id: int) -> None:
        leases.release(ids=[delivery_id])
        if self.is_open and self.is_published:
            self.is_due = self.is_published = False

    def claim(self, delivery_id: int) -> None:
        claimed = leases.claim(delivery_id=delivery_id)

        assert (claimed is not None) == (self.is_open and not self.is_alive)
        if claimed is not None:
            self.attempts += 1
            self.is_due, self.is_published, self.is_alive = False, False, True
            assert claimed.attempts == self.attempts

    def advance(self, delivery_id: int) -> None:
        if leases.lock(delivery_id=delivery_id) is not None:
            assert self.is_open
            self.position, self.attempts, self.is_due = self.position + 1, 0, False
            self.is_published, self.is_alive = False, True
            leases.advance(delivery_id=delivery_id, position=self.position)

    def finish(self, delivery_id: int) -> None:
        if leases.lock(delivery_id=delivery_id) is not None:
            leases.finish(delivery_id=delivery_id)
            self.is_done = True

    def fail(self, delivery_id: int) -> None:
        dies = self.is_open and self.attempts >= MAX_ATTEMPTS

        assert leases.fail(delivery_id=delivery_id, error="broken") is dies
        if self.is_open:
            self.is_due, self.is_dead, self.is_alive = False, dies, False


STEPS = ["lease", "wait", "release", "claim", "advance", "fail", "claim", "fail", "finish"]


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(STEPS), max_size=40))
def test_a_delivery_obeys_its_rules_whatever_happens(steps: list[str]) -> None:
    Delivery.objects.all().delete()
    delivery, rules = DeliveryFactory.create(), Rules()

    for step in steps:
        getattr(rules, step)(delivery.id)

    row = Delivery.objects.get()
    assert (row.done_at is not None, row.dead_at is not None) == (rules.is_done, rules.is_dead)
    assert (row.attempts, row.position) == (rules.attempts, rules.position)
