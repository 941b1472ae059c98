"""How far a worker is behind, read from what its own fetches said.

The broker is not asked for its latest offsets: the fetch watermarks cost nothing and are always right.
"""

from collections.abc import Mapping
from time import monotonic

from confluent_kafka import Consumer, KafkaException, TopicPartition

from puppies.kafka import metrics
from puppies.kafka.inbox import Place
from puppies.kafka.settings import KafkaSettings

_REFRESH_SECONDS = 5.0
_LOOKUP_SECONDS = 1.0


class LagWatch:
    """Lag per queue, refreshed every five seconds on the consumer's thread."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._refreshed_at = monotonic()
        self._committed: dict[Place, int] = {}
        self.by_queue: dict[str, int] = {}

    def refresh(self, consumer: Consumer, positions: Mapping[Place, int | None]) -> None:
        """Measure again when it is time; `positions` is None for partitions that gave no record yet."""
        if monotonic() - self._refreshed_at < _REFRESH_SECONDS:
            return
        self._refreshed_at = monotonic()
        self._look_up(consumer, [place for place, position in positions.items() if position is None])
        lags = dict.fromkeys(self.by_queue, 0)
        for place, position in positions.items():
            queue = self._settings.queue(place[0])
            lags[queue] = lags.get(queue, 0) + self._lag(consumer, place, position)
        self.by_queue = lags
        for queue, lag in lags.items():
            metrics.LAG.labels(queue=queue).set(lag)

    def _look_up(self, consumer: Consumer, silent: list[Place]) -> None:
        self._committed = {place: offset for place, offset in self._committed.items() if place in silent}
        unknown = [TopicPartition(*place) for place in silent if place not in self._committed]
        if not unknown:
            return
        try:
            found = consumer.committed(unknown, timeout=_LOOKUP_SECONDS)
        except KafkaException:
            return
        self._committed |= {(item.topic, item.partition): item.offset for item in found}

    def _lag(self, consumer: Consumer, place: Place, position: int | None) -> int:
        low, high = consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
        start = self._committed.get(place, low) if position is None else position
        return max(0, high - max(start, low, 0))
