"""Dead letters: stored first, acknowledged after."""

import logging
from time import monotonic

from puppies.kafka import metrics
from puppies.kafka.inbox import Inbox
from puppies.kafka.producer import producer_for
from puppies.kafka.records import dead_letter
from puppies.kafka.settings import KafkaSettings

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0


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
        letters = [dead_letter(delivery, reason=reason) for delivery, reason in rejected]
        errors = producer_for(self._settings).publish(letters, timeout=self._settings.publish_timeout)
        for (delivery, reason), error in zip(rejected, errors, strict=True):
            if error is None:
                logger.error("Moved %s to its dead-letter topic: %s", delivery.source.tag, reason)
                metrics.DEAD_LETTERS.labels(queue=delivery.source.queue).inc()
                self._inbox.buried(delivery)
        if any(errors):
            logger.warning(
                "Dead letters wait, because they could not be stored: %s", next(filter(None, errors))
            )
            self._not_before = monotonic() + _RETRY_SECONDS
