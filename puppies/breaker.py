"""Circuit breaker: what has failed a few times in a row is left alone for a while, then tried by one caller at a time.

Each process has its own: what fails for one fails for all within a few requests, and to share the state would need a store
that may itself be what is away. (M. Nygard, Release It!, "Circuit Breaker".)
"""

import logging
from collections.abc import Callable
from threading import Lock
from time import monotonic

from prometheus_client import Counter, Gauge

FAILURES = 3
OPEN_SECONDS = 1.0

OPEN = Gauge(
    "puppies_breaker_open",
    "Processes that for now do not ask what the breaker guards.",
    ["breaker"],
    multiprocess_mode="livesum",
)
FAILED = Counter("puppies_breaker_failures", "Attempts that failed, by breaker.", ["breaker"])

logger = logging.getLogger(__name__)


class Breaker:
    """Whether to try: not for `seconds` after `failures` in a row, and then by one caller at a time until one succeeds.

    Whoever is allowed reports `succeeded` or `failed`. A probe that has reported neither within `seconds` (its thread died) counts as
    failed: bound each attempt to less. Logs `<name>_unavailable` and `<name>_available` once per change.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int = FAILURES,
        seconds: float = OPEN_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._name = name
        self._most = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._again_at = 0.0
        self._lock = Lock()
        OPEN.labels(name).set(0)

    @property
    def is_open(self) -> bool:
        """Whether what is guarded counts as away."""
        return self._failures >= self._most

    def allows(self) -> bool:
        """Whether this caller may try; while open only the first of each period may."""
        if not self.is_open:
            return True
        with self._lock:
            now = self._clock()
            if now < self._again_at:
                return False
            self._again_at = now + self._seconds
            return True

    def succeeded(self) -> None:
        """There was an answer: whatever it says, what is guarded works."""
        if not self._failures:
            return
        with self._lock:
            is_news = self.is_open
            self._failures = 0
        if is_news:
            OPEN.labels(self._name).set(0)
            logger.warning("%s_available", self._name)

    def failed(self, error: BaseException) -> None:
        """There was none."""
        with self._lock:
            self._failures += 1
            self._again_at = self._clock() + self._seconds
            is_news = self._failures == self._most
        FAILED.labels(self._name).inc()
        if is_news:
            OPEN.labels(self._name).set(1)
            logger.warning("%s_unavailable error=%s", self._name, first_line(error))


def first_line(error: BaseException) -> str:
    """What an error says, in one line for the log."""
    return str(error).strip().partition("\n")[0]
