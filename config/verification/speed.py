"""I7: that nothing is stuck at this moment, which is what the data and the API's own gauges can show of "normal speed within 30 s"."""

import time

from django.conf import settings
from django.utils import timezone

from config.analytics.models import DailyFigures
from config.metrics_page import NotTold, read_samples
from config.verification.failures import UNKNOWN
from config.verification.results import Options, Result, result, unchecked
from feeds.oracle import rows

SECONDS = 30
# A delivery is published again when its lease ends, and published for the third time after three of them.
UNTAKEN = """
SELECT format('delivery %s of %s was published %s times and no worker takes it', id, task, publications)
  FROM puppies_delivery
 WHERE done_at IS NULL AND dead_at IS NULL AND publications >= 3 ORDER BY id
"""
PUBLISHED = "SELECT count(*) FROM puppies_delivery WHERE done_at IS NULL AND publications > 0"
BREAKERS, TAKEN, FIGURES = (
    "breakers close within 30 s",
    "what is published is taken by a worker",
    "the figures of the day go on",
)


def speed(options: Options) -> list[Result]:
    """Breakers, the way through Kafka to the workers, and what beat starts."""
    breakers = [_breakers(host, options.grace_seconds) for host in options.hosts]
    return [*(breakers or [unchecked("I7", BREAKERS, UNKNOWN)]), _taken(), _figures(options)]


def _breakers(host: str, grace_seconds: int) -> Result:
    deadline = time.monotonic() + min(SECONDS, grace_seconds)
    try:
        while any((found := _open_breakers(host)).values()) and time.monotonic() < deadline:
            time.sleep(1)
    except NotTold as error:
        return unchecked("I7", BREAKERS, str(error))
    findings = [f"{count:.0f} processes leave {name} alone" for name, count in found.items() if count]
    return result("I7", BREAKERS, len(found), findings)


def _open_breakers(host: str) -> dict[str, float]:
    return {
        sample.labels["breaker"]: sample.value
        for sample in read_samples(host)
        if sample.name == "puppies_breaker_open"
    }


def _taken() -> Result:
    return result("I7", TAKEN, int(rows(PUBLISHED)[0][0]), [row[0] for row in rows(UNTAKEN)])


def _figures(options: Options) -> Result:
    newest = DailyFigures.objects.order_by("-day").filter(is_counted=False).first()
    if newest is None:
        return unchecked("I7", FIGURES, "nothing has been counted yet")
    late = (timezone.now() - newest.counted_until).total_seconds() - settings.ANALYTICS_SETTLE_SECONDS
    is_late = late > SECONDS + options.grace_seconds
    return result(
        "I7", FIGURES, 1, [f"they are {late:.0f} s behind: do beat and analytics run?"] if is_late else []
    )
