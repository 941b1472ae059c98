"""Facts: what happened, with ids, published in the transaction in which it happened.

A fact is a frozen dataclass of ids with a dotted, versioned `name`. `publish` writes one Delivery row for each task that subscribes to
it, so a fact exists exactly when its transaction commits; a relay carries the rows on.
"""

from dataclasses import asdict, dataclass
from typing import ClassVar

from django.db import connection, transaction

from puppies import trace
from puppies.models import Delivery
from puppies.outbox import wakeup
from puppies.subscriptions import subscriptions_to


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all facts; subclasses add fields of ids and a `name` such as `posts.post_published.v1`."""

    name: ClassVar[str]


class NotInTransaction(RuntimeError):
    """A fact was published outside the transaction that makes it true."""


def publish(event: Event) -> None:
    """Write the deliveries of `event` in the current transaction and wake a relay after its commit.

    Raises NotInTransaction outside `transaction.atomic()`.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction(f"Publish {event.name} inside the transaction that makes it true.")
    payload = asdict(event)
    current = trace.current()
    deliveries = [
        Delivery(
            fact=event.name,
            payload=payload,
            task=subscription.task,
            partition_key=str(payload[subscription.key]),
            traceparent=current.traceparent if current else "",
        )
        for subscription in subscriptions_to(type(event))
    ]
    if deliveries:
        Delivery.objects.bulk_create(deliveries)
        transaction.on_commit(wakeup.notify, robust=True)
