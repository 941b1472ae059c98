"""Every check of every promise, in the order in which they are told."""

from collections.abc import Callable, Collection, Iterator

from config.verification.counts import counts
from config.verification.failures import failures
from config.verification.feeds import feeds
from config.verification.popular import popular
from config.verification.probe import probe
from config.verification.results import Options, Result
from config.verification.revocation import revocation
from config.verification.speed import speed
from config.verification.work import work
from config.verification.writes import writes

Check = Callable[[Options], list[Result]]

PROMISES = {
    "I1": "every answered write exists exactly once",
    "I2": "each count equals its rows",
    "I3": "every feed equals the oracle query",
    "I4": "deliveries and the ledger drain, each takes effect once",
    "I5": "failures are 503 with Retry-After or a labelled degraded 200",
    "I6": "page walks are complete",
    "I7": "normal speed within 30 s after a fault heals, without a restart",
    "I8": "revoked stays revoked",
}
# The probe's work is work too, and its counts are counts: it comes first, so that whatever it broke is found.
CHECKS: tuple[tuple[Check, frozenset[str]], ...] = (
    (probe, frozenset({"I1", "I5", "I7", "I8"})),
    (writes, frozenset({"I1"})),
    (counts, frozenset({"I2"})),
    (feeds, frozenset({"I3", "I6"})),
    (work, frozenset({"I4"})),
    (popular, frozenset({"I4", "I6"})),
    (failures, frozenset({"I5"})),
    (speed, frozenset({"I7"})),
    (revocation, frozenset({"I8"})),
)


def verify(options: Options, *, only: Collection[str] = tuple(PROMISES)) -> list[Result]:
    """Check these promises; the results by promise."""
    return sorted(_results(options, frozenset(only)), key=lambda result: result.promise)


def _results(options: Options, only: frozenset[str]) -> Iterator[Result]:
    for check, promises in CHECKS:
        if promises & only:
            yield from (result for result in check(options) if result.promise in only)
