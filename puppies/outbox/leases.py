"""The states of a Delivery, each change one conditional statement.

due → leased (a relay publishes it) → claimed (a task works, batch by batch) → done; or failed → due again after a back-off → … →
dead. `due_at` is always the next instant at which a relay should look: a lease moves it to its own end, so an open delivery that
nobody finishes comes back by itself.

`publications` counts how often relays published the delivery since a task last gave a sign of life. So 0 together with a lease that
runs means that an attempt is alive: another copy of the message then leaves the delivery to it, and is not an attempt.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

MAX_DOUBLINGS = 1
MAX_BACKOFF_SECONDS = 600
MAX_ERROR_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Leased:
    """What a relay needs to publish one delivery."""

    id: int
    task: str
    partition_key: str
    traceparent: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a task needs to begin or go on with one delivery."""

    id: int
    payload: dict[str, Any]
    attempts: int
    traceparent: str


LEASE = f"""
UPDATE puppies_delivery AS delivery
   SET due_at = now() + make_interval(secs => %(lease)s * 2 ^ least(delivery.publications, {MAX_DOUBLINGS})),
       lease_until = now() + make_interval(secs => %(lease)s * 2 ^ least(delivery.publications, {MAX_DOUBLINGS})),
       publications = delivery.publications + 1
  FROM (SELECT id FROM puppies_delivery
         WHERE done_at IS NULL AND dead_at IS NULL AND due_at <= now()
         ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED) AS due
 WHERE delivery.id = due.id
RETURNING delivery.id, delivery.task, delivery.partition_key, delivery.traceparent
"""  # noqa: S608 - the only interpolation is a constant of this module

# A message that was not confirmed may have arrived all the same: what a task has begun since is not given back.
RELEASE = """
UPDATE puppies_delivery
   SET due_at = now() + interval '1 second', lease_until = NULL, publications = publications - 1
 WHERE id = ANY(%(ids)s) AND done_at IS NULL AND dead_at IS NULL AND publications > 0
"""

# A copy that comes while another begins or works finds the row locked or alive, and costs one probe of the key.
CLAIM = """
UPDATE puppies_delivery
   SET attempts = attempts + 1, publications = 0,
       due_at = now() + make_interval(secs => %(lease)s), lease_until = now() + make_interval(secs => %(lease)s)
 WHERE id = (SELECT id FROM puppies_delivery
              WHERE id = %(id)s AND done_at IS NULL AND dead_at IS NULL
                AND (publications = 0 AND lease_until > now()) IS NOT TRUE
                FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, payload::text, attempts, traceparent
"""

LOCK = """
SELECT position FROM puppies_delivery
 WHERE id = %(id)s AND done_at IS NULL AND dead_at IS NULL
   FOR UPDATE SKIP LOCKED
"""

# The lease is extended once half of it is over: as long as `due_at` stays, no index has to be written.
ADVANCE = """
UPDATE puppies_delivery
   SET position = %(position)s, attempts = 0, publications = 0,
       due_at = CASE WHEN due_at < now() + make_interval(secs => %(lease)s / 2.0)
                     THEN now() + make_interval(secs => %(lease)s) ELSE due_at END,
       lease_until = CASE WHEN due_at < now() + make_interval(secs => %(lease)s / 2.0)
                          THEN now() + make_interval(secs => %(lease)s) ELSE lease_until END
 WHERE id = %(id)s AND done_at IS NULL
"""

FINISH = """
UPDATE puppies_delivery SET done_at = now(), lease_until = NULL, error = '' WHERE id = %(id)s AND done_at IS NULL
"""

FAIL = """
UPDATE puppies_delivery
   SET error = %(error)s, lease_until = NULL,
       due_at = now() + make_interval(secs => least(%(backoff)s * 2 ^ (greatest(attempts, 1) - 1), %(max_backoff)s)),
       dead_at = CASE WHEN attempts >= %(max_attempts)s THEN now() END
 WHERE id = %(id)s AND done_at IS NULL AND dead_at IS NULL
RETURNING dead_at IS NOT NULL
"""


def lease_due(*, limit: int) -> list[Leased]:
    """Lease up to `limit` due deliveries for publishing; rows leased by another relay at this moment are passed over."""
    with connection.cursor() as cursor:
        cursor.execute(LEASE, {"lease": settings.DELIVERY_LEASE_SECONDS, "limit": limit})
        return [Leased(*row) for row in cursor.fetchall()]


def release(*, ids: Sequence[int]) -> None:
    """Give back deliveries that could not be published; they are due again in a second."""
    with connection.cursor() as cursor:
        cursor.execute(RELEASE, {"ids": list(ids)})


def claim(*, delivery_id: int) -> Claimed | None:
    """Begin an attempt and count it, to be committed before the work. None when there is nothing to do: finished, dead, removed, or
    under another attempt that is alive; if that one dies, the end of its lease brings the delivery back.
    """
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"id": delivery_id, "lease": settings.DELIVERY_LEASE_SECONDS})
        row = cursor.fetchone()
    return None if row is None else Claimed(row[0], json.loads(row[1]), row[2], row[3])


def lock(*, delivery_id: int) -> int | None:
    """Lock the delivery for one batch and tell its position. None when it is finished or another copy holds it."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"id": delivery_id})
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def advance(*, delivery_id: int, position: int) -> None:
    """Record that everything up to `position` has taken effect, and extend the lease; attempts start over."""
    parameters = {"id": delivery_id, "position": position, "lease": settings.DELIVERY_LEASE_SECONDS}
    with connection.cursor() as cursor:
        cursor.execute(ADVANCE, parameters)


def finish(*, delivery_id: int) -> None:
    """Record that all of the delivery has taken effect."""
    with connection.cursor() as cursor:
        cursor.execute(FINISH, {"id": delivery_id})


def fail(*, delivery_id: int, error: str) -> bool:
    """Record a failed attempt. True when it was the last one and the delivery is a dead letter now."""
    parameters: dict[str, Any] = {
        "id": delivery_id,
        "error": error[-MAX_ERROR_LENGTH:].replace("\x00", ""),
        "backoff": settings.DELIVERY_BACKOFF_SECONDS,
        "max_backoff": MAX_BACKOFF_SECONDS,
        "max_attempts": settings.DELIVERY_MAX_ATTEMPTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(FAIL, parameters)
        row = cursor.fetchone()
    return bool(row and row[0])
