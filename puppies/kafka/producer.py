"""Published means stored: records go through one idempotent producer per process, and each is confirmed."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from kombu.exceptions import OperationalError

from puppies.kafka import forking, metrics
from puppies.kafka.client_log import librdkafka
from puppies.kafka.settings import KafkaSettings

# Another thread's poll may take this thread's report: nobody sleeps longer than this on one poll.
_POLL_SECONDS = 0.01


class NotStored(OperationalError):
    """The broker refused a record or did not confirm it in time; `code` is librdkafka's, if it gave one."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Record:
    """One record to store; the key chooses the partition, None means any."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class _Reports:
    """Collects the delivery reports of one call; what never reports stays None in `answers`."""

    def __init__(self, count: int) -> None:
        self.answers: list[KafkaError | bool | None] = [None] * count
        self.waiting = set(range(count))

    def answer(self, index: int, error: KafkaError | None, _message: Message | None = None) -> None:
        self.answers[index] = True if error is None else error
        # Reports come on whichever thread polls; a set, unlike a number, loses none.
        self.waiting.discard(index)

    def give_up(self, error: KafkaError) -> None:
        """Answer all that is still waiting with the error that ended its producer."""
        for index in sorted(self.waiting):
            self.answer(index, error)


def _serve(producer: Producer, seconds: float) -> KafkaError | None:
    """Let the producer deliver its reports; the error that ended it, which `poll` raises from then on."""
    try:
        producer.poll(seconds)
    except KafkaException as exception:
        error: KafkaError = exception.args[0]
        return error
    return None


class ConfirmingProducer:
    """An idempotent producer that answers for every record; replaced when fenced, and after an outage."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._producer: Producer | None = None
        self._is_suspect = False

    def publish(self, records: Sequence[Record], *, timeout: float) -> list[NotStored | None]:
        """Store records within `timeout` seconds; entry i is None when record i is stored, else why not."""
        deadline = monotonic() + timeout
        errors = self._attempt(records, deadline)
        fenced = [i for i, error in enumerate(errors) if error and error.code == KafkaError._FATAL]  # noqa: SLF001
        if fenced:
            again = self._attempt([records[i] for i in fenced], deadline)
            errors = _replaced(errors, fenced, again)
        _count(records, errors)
        return errors

    def _attempt(self, records: Sequence[Record], deadline: float) -> list[NotStored | None]:
        producer = self._current()
        reports = _Reports(len(records))
        for index, record in enumerate(records):
            self._produce(producer, record, partial(reports.answer, index), deadline)
        while reports.waiting and (left := deadline - monotonic()) > 0:
            if (error := _serve(producer, min(_POLL_SECONDS, left))) is not None:
                reports.give_up(error)
        errors = [
            self._error(record, answer) for record, answer in zip(records, reports.answers, strict=True)
        ]
        if any(errors):
            self._is_suspect = True
        return errors

    def _produce(self, producer: Producer, record: Record, report: "partial[None]", deadline: float) -> None:
        while True:
            try:
                producer.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    headers=list(record.headers),
                    on_delivery=report,
                )
            except BufferError:
                if monotonic() > deadline:
                    return
                if (error := _serve(producer, _POLL_SECONDS)) is not None:
                    report(error)
                    return
            except KafkaException as exception:
                report(exception.args[0])
                return
            except (TypeError, ValueError) as exception:
                report(KafkaError(KafkaError._INVALID_ARG, str(exception)))  # noqa: SLF001
                return
            else:
                return

    def _error(self, record: Record, answer: KafkaError | bool | None) -> NotStored | None:
        if answer is True:
            return None
        if isinstance(answer, KafkaError):
            code = KafkaError._FATAL if answer.fatal() else answer.code()  # noqa: SLF001
            return NotStored(self._sentence(record, answer.str()), code)
        return NotStored(self._sentence(record, "no delivery report in time"))

    def _sentence(self, record: Record, reason: str) -> str:
        return (
            f"Kafka at {self._settings.bootstrap} did not store a message for topic {record.topic!r}: "
            f"{reason}. It may be published again."
        )

    def _current(self) -> Producer:
        """The producer to use now.

        After an outage a new one is made: a broker that lost its memory refuses the old producer id for ever.
        """
        with self._lock:
            if self._producer is not None:
                self._is_suspect = _serve(self._producer, 0) is not None or self._is_suspect
            if self._producer is None or self._is_suspect:
                self._retire()
                self._producer = self._start()
            return self._producer

    def _start(self) -> Producer:
        self._is_suspect = False
        producer = Producer({**self._settings.producer(), "error_cb": self._on_error}, logger=librdkafka)
        forking.hold(producer)
        return producer

    def _retire(self) -> None:
        if self._producer is not None:
            forking.release(self._producer)
            self._producer = None

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal() or error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001
            self._is_suspect = True


def _replaced(
    errors: list[NotStored | None], indexes: list[int], again: list[NotStored | None]
) -> list[NotStored | None]:
    later = dict(zip(indexes, again, strict=True))
    return [later.get(index, error) for index, error in enumerate(errors)]


def _count(records: Sequence[Record], errors: Sequence[NotStored | None]) -> None:
    for record, error in zip(records, errors, strict=True):
        counter = metrics.PUBLISHED if error is None else metrics.PUBLISH_FAILURES
        counter.labels(topic=record.topic).inc()


class _Producers:
    """The producers of this process, one per configuration."""

    def __init__(self) -> None:
        self.start_over()

    def start_over(self) -> None:
        self.lock = threading.Lock()
        self.by_configuration: dict[str, ConfirmingProducer] = {}


_producers = _Producers()
forking.forget_in_child(_producers.start_over)


def producer_for(settings: KafkaSettings) -> ConfirmingProducer:
    """This process's producer for these settings, made at the first call and again after a fork."""
    configuration = repr(sorted(settings.producer().items()))
    with _producers.lock:
        if configuration not in _producers.by_configuration:
            _producers.by_configuration[configuration] = ConfirmingProducer(settings)
        return _producers.by_configuration[configuration]
