import logging
import signal
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand

from puppies.outbox.relay import Relay

logger = logging.getLogger("puppies.outbox.relay")


class Command(BaseCommand):
    help = "Publish due deliveries to Kafka until stopped (SIGTERM or Ctrl-C). Any number of relays may run."

    def handle(self, *args: Any, **options: Any) -> None:
        relay = Relay(current_app)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: relay.stop())
        logger.info("relay_ready")
        relay.run()
        logger.info("relay_stopped")
