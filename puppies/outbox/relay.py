"""The relay: leases due deliveries and publishes them to Kafka. Any number may run; none holds anything that another cannot take over."""

import logging
import select
import threading
from collections.abc import Sequence

from celery import Celery
from django.conf import settings
from django.db import Error, connection

from puppies.kafka.batch import TaskMessage, publish_tasks
from puppies.outbox import leases, wakeup
from puppies.outbox.leases import Leased

POLL_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Relay:
    """Carries deliveries from PostgreSQL to Kafka until told to stop."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Ask the loop to end after the batch at hand."""
        self._stopping.set()

    def run(self) -> None:
        """Relay until stopped. A store that is away is tried again each second; nothing is lost meanwhile."""
        while not self._stopping.is_set():
            try:
                self._listen()
                while not self._stopping.is_set():
                    self._wait(linger=self.relay_due() > 0)
            except Error as error:
                logger.error("relay_without_database error=%s", str(error).strip())  # noqa: TRY400
                connection.close()
                self._stopping.wait(POLL_SECONDS)

    def relay_due(self) -> int:
        """Publish everything that is due now; the number of deliveries published."""
        published = 0
        while not self._stopping.is_set():
            leased = leases.lease_due(limit=settings.RELAY_BATCH)
            stored = self._publish(leased)
            published += stored
            if stored < settings.RELAY_BATCH:
                break
        return published

    def _publish(self, leased: Sequence[Leased]) -> int:
        if not leased:
            return 0
        timeout = settings.KAFKA_PUBLISH_TIMEOUT_MS / 1000
        outcomes = publish_tasks(self._app, [_message(delivery) for delivery in leased], timeout=timeout)
        failed = [
            (delivery, error) for delivery, error in zip(leased, outcomes, strict=True) if error is not None
        ]
        if failed:
            logger.error("relay_not_published count=%s error=%s", len(failed), failed[0][1])
            leases.release(ids=[delivery.id for delivery, _ in failed])
        return len(leased) - len(failed)

    def _listen(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {wakeup.CHANNEL}")

    def _wait(self, *, linger: bool) -> None:
        # After work, look again soon: a NOTIFY may have been throttled away while this one was handled.
        raw = connection.connection
        woken, _, _ = select.select([raw], [], [], wakeup.LINGER_SECONDS if linger else POLL_SECONDS)
        if woken:
            with connection.wrap_database_errors:
                raw.poll()
            raw.notifies.clear()


def _message(delivery: Leased) -> TaskMessage:
    return TaskMessage(
        task=delivery.task,
        kwargs={"delivery_id": delivery.id},
        partition_key=delivery.partition_key,
        task_id=f"delivery-{delivery.id}",
        headers={"traceparent": delivery.traceparent} if delivery.traceparent else {},
    )
