"""Circuit breaker: what has failed a few times in a row is left alone for a while, then tried by one caller at a time.

Each process has its own: what fails for one fails for all within a few requests, and to share the state would need a store
that may itself be what is away. (M. Nygard, Release It!, "Circuit Breaker".)
"""

import logging
from collections.abc import Callable, Hashable
from threading import Lock
from time import monotonic

from prometheus_client import Counter, Gauge

FAILURES = 3
OPEN_SECONDS = 1.0
REMEMBERED = 1_000

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

    A `caller` who names itself counts once until it succeeds: what fails for it again and again may be its own, and when it tries an
    open breaker it takes no turn of the others. Who gives no name counts each time.

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
        # Who has failed and not succeeded since, longest ago first; and from when on the others may try (False), and these (True).
        self._failing: dict[Hashable, None] = {}
        self._again_at = {False: 0.0, True: 0.0}
        self._lock = Lock()
        OPEN.labels(name).set(0)
        FAILED.labels(name)

    @property
    def is_open(self) -> bool:
        """Whether what is guarded counts as away."""
        return self._failures >= self._most

    def allows(self, caller: Hashable = None) -> bool:
        """Whether this caller may try; while open only the first of each period may, and one that is failing if no other did."""
        if not self.is_open:
            return True
        with self._lock:
            is_failing = caller in self._failing
            if self._clock() < self._again_at[is_failing]:
                return False
            self._wait(others=not is_failing)
            return True

    def succeeded(self, caller: Hashable = None) -> None:
        """There was an answer: whatever it says, what is guarded works."""
        if not self._failures and caller not in self._failing:
            return
        with self._lock:
            self._failing.pop(caller, None)
            is_news = self.is_open
            self._failures = 0
        if is_news:
            OPEN.labels(self._name).set(0)
            logger.warning("%s_available", self._name)

    def failed(self, error: BaseException, caller: Hashable = None) -> None:
        """There was none."""
        with self._lock:
            is_first = caller not in self._failing
            self._failures += is_first
            self._wait(others=is_first)
            is_news = is_first and self._failures == self._most
            if is_first and caller is not None:
                self._remember(caller)
        FAILED.labels(self._name).inc()
        if is_news:
            OPEN.labels(self._name).set(1)
            logger.warning("%s_unavailable error=%s", self._name, first_line(error))

    def _wait(self, *, others: bool) -> None:
        again_at = self._clock() + self._seconds
        self._again_at = {False: again_at if others else self._again_at[False], True: again_at}

    def _remember(self, caller: Hashable) -> None:
        self._failing[caller] = None
        if len(self._failing) > REMEMBERED:
            del self._failing[next(iter(self._failing))]


def first_line(error: BaseException) -> str:
    """What an error says, in one line for the log."""
    return str(error).strip().partition("\n")[0]
