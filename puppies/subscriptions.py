"""Which task each fact starts. Apps list theirs in `subscriptions.py`, as a table."""

from dataclasses import dataclass, fields
from typing import Any

_by_event: dict[type, list["Subscription"]] = {}


@dataclass(frozen=True, slots=True)
class Subscription:
    """`event` starts the task named `task`; the event's field `key` decides the partition."""

    event: type[Any]
    task: str
    key: str

    def __post_init__(self) -> None:
        if self.key not in {field.name for field in fields(self.event)}:
            raise ValueError(f"{self.event.__name__} has no field {self.key!r} to partition {self.task} by.")


def subscribe(*table: Subscription) -> None:
    """Add the rows of an app's table; adding one again changes nothing."""
    for subscription in table:
        known = _by_event.setdefault(subscription.event, [])
        if subscription not in known:
            known.append(subscription)


def subscriptions_to(event: type) -> tuple[Subscription, ...]:
    """The subscriptions of one kind of fact, in the order they were added."""
    return tuple(_by_event.get(event, ()))


def subscribed_tasks() -> frozenset[str]:
    """The names of all tasks that some fact starts."""
    return frozenset(row.task for rows in _by_event.values() for row in rows)
