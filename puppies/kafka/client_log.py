"""librdkafka's own messages, in Python's log and without its stutter."""

import logging
from time import monotonic

_QUIET_SECONDS = 10.0


class Unrepeated(logging.Filter):
    """Lets one message of each kind through in ten seconds: during an outage librdkafka writes dozens."""

    def __init__(self) -> None:
        super().__init__()
        self._passed_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether no message of this kind (librdkafka's facility, such as FAIL) passed lately."""
        kind = str(record.args[0]) if isinstance(record.args, tuple) and record.args else record.getMessage()
        now = monotonic()
        if now - self._passed_at.get(kind, -_QUIET_SECONDS) < _QUIET_SECONDS:
            return False
        self._passed_at[kind] = now
        return True


librdkafka = logging.getLogger("puppies.kafka.librdkafka")
librdkafka.addFilter(Unrepeated())
