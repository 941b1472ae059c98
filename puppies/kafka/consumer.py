"""One consumer for all queues of a worker, on a thread of its own.

Every call of the Consumer happens on that thread: it polls whatever the tasks do, so long tasks, a full pool
or a warm shutdown never exceed `max.poll.interval.ms`; it commits what the tasks' threads have finished.
"""

import logging
import os
import threading
from time import monotonic

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from puppies.kafka import forking, metrics
from puppies.kafka.client_log import librdkafka
from puppies.kafka.dead_letters import Undertaker
from puppies.kafka.inbox import Inbox, Place
from puppies.kafka.lag import LagWatch
from puppies.kafka.partitions import named, place_of
from puppies.kafka.protocol import UndecodableRecord
from puppies.kafka.records import Delivery, Source, decode, headers_of
from puppies.kafka.settings import KafkaSettings
from puppies.kafka.topics import TopicsUnavailable, ensure_topics

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.05
_BATCH = 200
_COMMIT_SECONDS = 0.1
_FULL_SECONDS = 0.01
_PATIENCE_SECONDS = 1.0
_RETRY_SECONDS = 1.0
_TOPICS_SECONDS = 3.0
_LEAVE_SECONDS = 10.0

_UNKNOWN_TOPIC = frozenset(
    {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}  # noqa: SLF001
)

# librdkafka logs these itself, broker by broker.
_CONNECTION = frozenset({KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN})  # noqa: SLF001


class ConsumerFailed(ConnectionError):
    """The consumer met an error that it cannot get over; Celery connects anew."""


class ConsumerSession:
    """A member of the consumer group from its first `start` to `close`."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self.inbox = Inbox(max_uncommitted=settings.max_uncommitted)
        self.polled_at = monotonic()
        self.failure: Exception | None = None
        self._queues: set[str] = set()
        self._undertaker = Undertaker(settings, self.inbox)
        self._lag = LagWatch(settings)
        self._pid = os.getpid()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._are_topics_missing = True
        self._is_subscription_stale = True
        self._committed_at = 0.0
        self._retry_at = 0.0
        self._fatal: KafkaError | None = None
        self._paused: set[Place] = set()
        self._full_since: float | None = None

    def add_queue(self, queue: str) -> None:
        """Consume from a queue; takes effect with `start` or on the running thread."""
        self._queues.add(queue)
        metrics.DEAD_LETTERS.labels(queue=queue)
        self._are_topics_missing = self._is_subscription_stale = True

    def remove_queue(self, queue: str) -> None:
        """Stop consuming from a queue; after the last one, partitions are kept unread until `close`."""
        self._queues.discard(queue)
        if self._queues:
            self._is_subscription_stale = True

    def start(self) -> None:
        """Start the consumer's thread once; raises ConsumerFailed when it has ended with an error."""
        if self.failure is not None:
            raise ConsumerFailed(f"The Kafka consumer stopped: {self.failure}") from self.failure
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="kafka-consumer", daemon=True)
            self._thread.start()
            _sessions.add(self)

    def close(self) -> None:
        """Commit what is done and leave the group; waits at most ten seconds."""
        if self._pid != os.getpid() or self._thread is None:
            return
        self._closing.set()
        self.inbox.close()
        self._thread.join(_LEAVE_SECONDS)
        _sessions.discard(self)

    def lag(self) -> dict[str, int]:
        """Uncommitted records per queue over the partitions held, as of a few seconds ago."""
        return self._lag.by_queue

    def _run(self) -> None:
        try:
            consumer = self._open()
        except Exception as error:
            self._fail(error)
            return
        try:
            while not self._closing.is_set():
                self._turn(consumer)
        except Exception as error:
            self._fail(error)
        finally:
            self._leave(consumer)

    def _fail(self, error: Exception) -> None:
        logger.error("The Kafka consumer stops: %s", error, exc_info=error)
        self.failure = error
        self.inbox.close()

    def _open(self) -> Consumer:
        configuration = {
            **self.settings.consumer(),
            "error_cb": self._on_error,
            "on_commit": self._on_commit,
        }
        consumer = Consumer(configuration, logger=librdkafka)
        forking.hold(consumer)
        return consumer

    def _turn(self, consumer: Consumer) -> None:
        self.polled_at = monotonic()
        if self._is_subscription_stale or self._are_topics_missing:
            self._subscribe(consumer)
        for message in self._poll(consumer):
            self._receive(message)
        if self._fatal is not None:
            raise KafkaException(self._fatal)
        self._undertaker.bury()
        if monotonic() - self._committed_at >= _COMMIT_SECONDS:
            self._commit(consumer, self.inbox.commits(), asynchronous=True)
        self._regulate(consumer)
        self._lag.refresh(consumer, self.inbox.positions())

    def _subscribe(self, consumer: Consumer) -> None:
        if self._are_topics_missing and monotonic() >= self._retry_at:
            self._ensure_topics(consumer)
        if self._is_subscription_stale and not self._are_topics_missing and self._queues:
            self._is_subscription_stale = False
            topics = sorted(self.settings.topic(queue) for queue in self._queues)
            consumer.subscribe(
                topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )

    def _ensure_topics(self, consumer: Consumer) -> None:
        settings = self.settings
        try:
            reports = ensure_topics(
                settings.bootstrap,
                sorted(self._queues),
                settings.topic_prefix,
                settings.partitions,
                replication_factor=settings.replication_factor,
                client_config=settings.client_config,
                timeout=_TOPICS_SECONDS,
            )
            if any(report.is_new for report in reports) and not self._is_subscription_stale:
                # The group may have been assigned before all topics were there: told of them, it assigns again. Leaving and
                # joining at once would do so too, but can jam a group of the embedded broker.
                consumer.list_topics(timeout=_TOPICS_SECONDS)
            self._are_topics_missing = False
        except (TopicsUnavailable, KafkaException) as error:
            logger.warning("%s Trying again in %.0f s.", error, _RETRY_SECONDS)
            self._retry_at = monotonic() + _RETRY_SECONDS

    def _poll(self, consumer: Consumer) -> list[Message]:
        if self._full_since is not None:
            # A poll would sleep through the moment when there is room again.
            self._closing.wait(_FULL_SECONDS)
            if self._is_patient():
                return []
        first = consumer.poll(_POLL_SECONDS if self._full_since is None else 0)
        return [] if first is None else [first, *consumer.consume(_BATCH - 1, 0)]

    def _is_patient(self) -> bool:
        """Whether all is full only since a moment ago.

        librdkafka takes up to a second to fetch again after a pause: fast tasks are waited for instead.
        """
        return self._full_since is not None and monotonic() - self._full_since < _PATIENCE_SECONDS

    def _receive(self, message: Message) -> None:
        error = message.error()
        if error is not None:
            self._on_error(error)
            return
        topic, partition, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
        source = self.inbox.receive(Source(self.settings.queue(topic), topic, partition, offset, 0))
        if source is None:
            return
        delivery = Delivery(source, message.value(), message.key(), headers_of(message))
        try:
            delivery.envelope = decode(delivery.value, tag=source.tag, queue=source.queue)
        except UndecodableRecord as reason:
            self.inbox.set_aside(delivery, str(reason))
        else:
            self.inbox.put(delivery)

    def _commit(self, consumer: Consumer, offsets: dict[Place, int], *, asynchronous: bool) -> None:
        self._committed_at = monotonic()
        if not offsets:
            return
        partitions = [
            TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()
        ]
        try:
            if asynchronous:
                consumer.commit(offsets=partitions, asynchronous=True)
            else:
                consumer.commit(offsets=partitions, asynchronous=False)
        except KafkaException as error:
            logger.warning("Offsets were not committed, tasks may run twice: %s", error)
            self.inbox.commit_failed(offsets)

    def _on_commit(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        failed = [place_of(item) for item in partitions if error is not None or item.error is not None]
        if failed:
            logger.warning("Offsets of %d partitions were not committed: %s", len(failed), error)
            self.inbox.commit_failed(failed)

    def _regulate(self, consumer: Consumer) -> None:
        assigned = set(self.inbox.positions())
        wanted = self.inbox.held_back() if self._queues else assigned
        if not wanted or wanted != assigned:
            self._full_since = None
        elif self._full_since is None:
            self._full_since = monotonic()
        if self._is_patient():
            return
        if pause := wanted - self._paused:
            consumer.pause([TopicPartition(*place) for place in pause])
        if resume := self._paused - wanted:
            consumer.resume([TopicPartition(*place) for place in resume])
        self._paused = wanted

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        logger.info("Assigned: %s", named(partitions))
        self.inbox.assign(place_of(item) for item in partitions)

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Let what runs finish for a moment, commit it and forget the rest: the next owner runs it again."""
        logger.info("Revoked: %s", named(partitions))
        places = [place_of(item) for item in partitions]
        self.inbox.forget_waiting(places)
        if not self._closing.is_set():
            self.inbox.wait_until_handed_back(places, self.settings.revoke_drain_seconds)
            self._undertaker.bury()
        self._commit(consumer, self.inbox.commits(places), asynchronous=False)
        self._forget(consumer, partitions)

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """The group has given the partitions away already: a commit would come too late."""
        logger.warning("Lost: %s", named(partitions))
        self._forget(consumer, partitions)
        # Perhaps the broker came back without its memory.
        self._are_topics_missing = True

    def _forget(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        places = {place_of(item) for item in partitions}
        if paused := self._paused & places:
            consumer.resume([TopicPartition(*place) for place in paused])
        self._paused -= places
        self.inbox.revoke(places)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._fatal = error
        elif error.code() in _UNKNOWN_TOPIC:
            self._are_topics_missing = True
        if error.code() not in _CONNECTION:
            logger.warning("Kafka says: %s", error.str())

    def _leave(self, consumer: Consumer) -> None:
        try:
            consumer.close()
        except (KafkaException, RuntimeError) as error:
            logger.warning("The Kafka consumer did not leave its group in order: %s", error)
        forking.release(consumer)


_sessions: set[ConsumerSession] = set()


def sessions() -> list[ConsumerSession]:
    """The sessions of this process that consume now."""
    return list(_sessions)
