"""What a worker has received: between the thread that talks to Kafka and the threads that run tasks.

Every method may be called from any thread; nothing here calls Kafka.
"""

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from puppies.kafka.offsets import OffsetWindow
from puppies.kafka.records import Delivery, Source

# Records of one topic kept ready in memory: enough to hide a fetch, few enough for the other topics' sake.
_BUFFER_FULL = 500
_BUFFER_LOW = 250

Place = tuple[str, int]


class Inbox:
    """Received deliveries by topic, and the offset window of every assigned partition."""

    def __init__(self, *, max_uncommitted: int) -> None:
        self._max_uncommitted = max_uncommitted
        self._changed = threading.Condition()
        self._windows: dict[Place, OffsetWindow] = {}
        self._buffers: dict[str, deque[Delivery]] = {}
        self._handed: dict[str, Delivery] = {}
        self._rejected: deque[tuple[Delivery, str]] = deque()
        self._held_back: set[Place] = set()
        self._generation = 0
        self._is_closed = False

    def assign(self, places: Iterable[Place]) -> None:
        """Begin a new generation for each newly assigned partition."""
        with self._changed:
            for place in places:
                self._begin(place)

    def _begin(self, place: Place) -> OffsetWindow:
        self._generation += 1
        self._windows[place] = OffsetWindow(self._generation)
        self._held_back.discard(place)
        return self._windows[place]

    def receive(self, source: Source) -> Source | None:
        """Take an offset into its partition's window and name its generation; None if it was revoked."""
        with self._changed:
            place = (source.topic, source.partition)
            window = self._windows.get(place)
            if window is None:
                return None
            if not window.follows(source.offset):
                # The broker lost its log and began a new one: what is in hand belongs to the old one.
                window = self._begin(place)
            window.receive(source.offset)
            return replace(source, generation=window.generation)

    def put(self, delivery: Delivery) -> None:
        """Make a delivery available to `take`."""
        with self._changed:
            self._buffers.setdefault(delivery.source.topic, deque()).append(delivery)
            self._changed.notify_all()

    def take(self, *, can_take: Callable[[], bool], timeout: float) -> Delivery | None:
        """The next delivery, topics in turn, once there is one and `can_take` holds; None after `timeout`."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or (can_take() and self._is_waiting()), timeout)
            if self._is_closed or not can_take():
                return None
            return self._next()

    def _is_waiting(self) -> bool:
        return any(self._buffers.values())

    def _next(self) -> Delivery | None:
        for topic in list(self._buffers):
            buffer = self._buffers.pop(topic)
            self._buffers[topic] = buffer
            if buffer:
                delivery = buffer.popleft()
                self._handed[delivery.source.tag] = delivery
                return delivery
        return None

    def finish(self, tag: str) -> None:
        """Mark a delivery as done; ignored when its partition was revoked since."""
        with self._changed:
            delivery = self._handed.pop(tag, None)
            if delivery is not None:
                self._finish(delivery.source)

    def _finish(self, source: Source) -> None:
        window = self._window(source)
        if window is not None:
            window.finish(source.offset)
            self._changed.notify_all()

    def _window(self, source: Source) -> OffsetWindow | None:
        window = self._windows.get((source.topic, source.partition))
        return window if window is not None and window.generation == source.generation else None

    def requeue(self, tag: str) -> None:
        """Put a delivery back, to be delivered again; ignored when its partition was revoked since."""
        with self._changed:
            delivery = self._handed.pop(tag, None)
            if delivery is not None and self._window(delivery.source) is not None:
                delivery.envelope["properties"]["delivery_info"]["redelivered"] = True
                self._buffers.setdefault(delivery.source.topic, deque()).append(delivery)
            self._changed.notify_all()

    def reject(self, tag: str, reason: str) -> None:
        """Set a delivery aside for the dead-letter topic; its offset stays open until that is stored."""
        with self._changed:
            delivery = self._handed.pop(tag, None)
            if delivery is not None:
                self._rejected.append((delivery, reason))
            self._changed.notify_all()

    def set_aside(self, delivery: Delivery, reason: str) -> None:
        """Set a received record aside that never becomes a message."""
        with self._changed:
            self._rejected.append((delivery, reason))

    def rejected(self) -> list[tuple[Delivery, str]]:
        """What waits for the dead-letter topic, without what was revoked since."""
        with self._changed:
            self._rejected = deque(item for item in self._rejected if self._window(item[0].source))
            return list(self._rejected)

    def buried(self, delivery: Delivery) -> None:
        """Note that a rejected delivery is stored in the dead-letter topic."""
        with self._changed:
            self._rejected = deque(item for item in self._rejected if item[0] is not delivery)
            self._finish(delivery.source)

    def commits(self, only: Collection[Place] | None = None) -> dict[Place, int]:
        """The offsets to commit now, of all partitions or some; they count as being committed from here on."""
        with self._changed:
            places = self._windows.keys() if only is None else self._windows.keys() & only
            found = {place: self._windows[place].committable() for place in places}
            offsets = {place: offset for place, offset in found.items() if offset is not None}
            for place, offset in offsets.items():
                self._windows[place].committing(offset)
            return offsets

    def commit_failed(self, places: Iterable[Place]) -> None:
        """Have the commits of these partitions repeated."""
        with self._changed:
            for place in places:
                if place in self._windows:
                    self._windows[place].commit_failed()

    def positions(self) -> dict[Place, int | None]:
        """By assigned partition, where a successor would start to read; None before its first record."""
        with self._changed:
            return {place: window.position() for place, window in self._windows.items()}

    def held_back(self) -> set[Place]:
        """The partitions not to fetch from now: their window or their topic's buffer is full."""
        with self._changed:
            for place, window in self._windows.items():
                self._reconsider(place, window)
            return set(self._held_back)

    def _reconsider(self, place: Place, window: OffsetWindow) -> None:
        buffered = len(self._buffers.get(place[0], ()))
        if len(window) >= self._max_uncommitted or buffered >= _BUFFER_FULL:
            self._held_back.add(place)
        elif len(window) <= self._max_uncommitted // 2 and buffered <= _BUFFER_LOW:
            self._held_back.discard(place)

    def forget_waiting(self, places: Iterable[Place]) -> None:
        """Drop what was received from these partitions and not yet handed out."""
        gone = set(places)
        with self._changed:
            for topic, buffer in self._buffers.items():
                kept = (item for item in buffer if (item.source.topic, item.source.partition) not in gone)
                self._buffers[topic] = deque(kept)

    def wait_until_handed_back(self, places: Iterable[Place], timeout: float) -> bool:
        """Wait until all that was handed out from these partitions is done; False after `timeout` s."""
        gone = set(places)
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_out(gone), timeout)

    def _is_out(self, places: set[Place]) -> bool:
        return any((item.source.topic, item.source.partition) in places for item in self._handed.values())

    def revoke(self, places: Iterable[Place]) -> None:
        """Forget partitions; what finishes later belongs to nobody."""
        gone = list(places)
        self.forget_waiting(gone)
        with self._changed:
            for place in gone:
                self._windows.pop(place, None)
                self._held_back.discard(place)
            self._changed.notify_all()

    def close(self) -> None:
        """Wake every waiter; nothing is handed out any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
