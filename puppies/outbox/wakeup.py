"""Waking the relays: a NOTIFY sent after commit, at most one per process in 10 ms.

A skipped NOTIFY is no loss: a relay that was woken looks again `LINGER_SECONDS` later, which is longer than the throttle, and every
second in any case.
"""

import logging
import time

from django.db import Error, connection

CHANNEL = "puppies_deliveries"
THROTTLE_SECONDS = 0.010
LINGER_SECONDS = 0.020

logger = logging.getLogger(__name__)
_last_sent = 0.0


def notify() -> None:
    """Tell the relays that deliveries may be due. Never raises: the relays' poll finds the rows anyway."""
    global _last_sent  # noqa: PLW0603 - one throttle per process
    now = time.monotonic()
    if now - _last_sent < THROTTLE_SECONDS:
        return
    _last_sent = now
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
    except Error:
        logger.warning("relay_not_notified", exc_info=True)
