from dataclasses import dataclass
from typing import ClassVar

import pytest

from puppies.events import Event
from puppies.subscriptions import Subscription, subscribe, subscribed_tasks, subscriptions_to


@dataclass(frozen=True, slots=True)
class LeashBought(Event):
    name: ClassVar[str] = "tests.leash_bought.v1"
    leash_id: int


@dataclass(frozen=True, slots=True)
class LeashLost(Event):
    name: ClassVar[str] = "tests.leash_lost.v1"
    leash_id: int


def test_subscriptions_keep_their_order_and_count_once() -> None:
    first = Subscription(event=LeashBought, task="tests.first", key="leash_id")
    second = Subscription(event=LeashBought, task="tests.second", key="leash_id")

    subscribe(first, second)
    subscribe(second, first)

    assert subscriptions_to(LeashBought) == (first, second)
    assert {"tests.first", "tests.second"} <= subscribed_tasks()


def test_a_fact_that_nobody_subscribes_to_has_none() -> None:
    assert subscriptions_to(LeashLost) == ()


def test_a_subscription_by_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValueError, match=r"LeashLost has no field 'owner_id' to partition tests\.find by"):
        Subscription(event=LeashLost, task="tests.find", key="owner_id")
