"""Dead letters: stored first, acknowledged after."""

import logging
from time import monotonic

from confluent_kafka import KafkaError

from puppies.kafka import metrics
from puppies.kafka.inbox import Inbox
from puppies.kafka.producer import NotStored, Record, producer_for
from puppies.kafka.records import Delivery, dead_letter, empty_dead_letter, readable
from puppies.kafka.settings import KafkaSettings

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0

# What Kafka says of the record itself: trying again would change nothing.
_REFUSED = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG,
        KafkaError.INVALID_RECORD,
        KafkaError._INVALID_ARG,  # noqa: SLF001
    }
)

Rejected = tuple[Delivery, str]


class Undertaker:
    """Moves rejected deliveries to `<topic>.dlq`; what cannot be stored stays open and is tried again."""

    def __init__(self, settings: KafkaSettings, inbox: Inbox) -> None:
        self._settings = settings
        self._inbox = inbox
        self._not_before = 0.0

    def bury(self) -> None:
        """Publish all that is rejected and finish what the broker confirmed."""
        if monotonic() < self._not_before:
            return
        rejected = self._inbox.rejected()
        if not rejected:
            return
        errors = self._store(rejected)
        for (delivery, reason), error in zip(rejected, errors, strict=True):
            if error is None:
                self._finish(delivery, reason)
        if any(errors):
            logger.warning(
                "Dead letters wait, because they could not be stored: %s", next(filter(None, errors))
            )
            self._not_before = monotonic() + _RETRY_SECONDS

    def _store(self, rejected: list[Rejected]) -> list[NotStored | None]:
        """Store each with its bytes; those whose bytes Kafka refuses, too large by now, without."""
        errors = self._publish([dead_letter(delivery, reason=reason) for delivery, reason in rejected])
        refused = [index for index, error in enumerate(errors) if error and error.code in _REFUSED]
        if refused:
            again = [rejected[index] for index in refused]
            answers = self._publish(
                [empty_dead_letter(delivery, reason=reason) for delivery, reason in again]
            )
            for index, answer in zip(refused, answers, strict=True):
                errors[index] = answer
        return errors

    def _publish(self, letters: list[Record]) -> list[NotStored | None]:
        return producer_for(self._settings).publish(letters, timeout=self._settings.publish_timeout)

    def _finish(self, delivery: Delivery, reason: str) -> None:
        logger.error("Moved %s to its dead-letter topic: %s", delivery.source.tag, readable(reason))
        metrics.DEAD_LETTERS.labels(queue=delivery.source.queue).inc()
        self._inbox.buried(delivery)
