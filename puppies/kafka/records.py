"""Records and messages: what lies in a topic, and what kombu makes of it."""

import json
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Message
from kombu.utils.json import dumps, loads

from puppies.kafka.producer import Record
from puppies.kafka.protocol import UndecodableRecord, require_task
from puppies.kafka.settings import dead_letter_topic

PARTITION_KEY_HEADER = "partition_key"

_REASON_CHARACTERS = 1_000

Envelope = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record was read, and under which assignment of its partition."""

    queue: str
    topic: str
    partition: int
    offset: int
    generation: int

    @property
    def tag(self) -> str:
        """The delivery tag: unlike the publisher's id it tells a repeated delivery from the first."""
        return f"{self.topic}:{self.partition}:{self.offset}:{self.generation}"


@dataclass(slots=True)
class Delivery:
    """One received record with its raw bytes (for the dead-letter topic) and its decoded envelope."""

    source: Source
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    envelope: Envelope = field(default_factory=dict)


def encode(envelope: Envelope) -> bytes:
    """The bytes of a message as kombu hands it to a transport."""
    return dumps(envelope).encode()


def partition_key(envelope: Envelope) -> bytes | None:
    """The key that the publisher put into the `partition_key` header, if any."""
    key = (envelope.get("headers") or {}).get(PARTITION_KEY_HEADER)
    return None if key is None else str(key).encode()


def decode(value: bytes | None, *, tag: str, queue: str) -> Envelope:
    """The message in a record, with `tag` as its delivery tag; raises UndecodableRecord."""
    try:
        envelope: Envelope = loads(value or b"")
    except Exception as error:  # what a foreign record provokes in the decoder is not ours to list
        raise UndecodableRecord(f"not JSON: {error}") from error
    require_task(envelope)
    properties = envelope["properties"]
    properties["delivery_tag"] = tag
    # The publisher's own could name a consumer, and kombu would look for that.
    properties["delivery_info"] = {"exchange": "", "routing_key": queue}
    return envelope


def headers_of(message: Message) -> tuple[tuple[str, bytes], ...]:
    """The headers of a Kafka message; a value that is missing counts as empty."""
    pairs: list[tuple[str, Any]] = list(message.headers() or [])  # type: ignore[arg-type]
    return tuple((name, value if isinstance(value, bytes) else b"") for name, value in pairs)


def readable(reason: str) -> str:
    """A reason that can be stored and logged whatever it quotes: text of UTF-8, of one kilobyte at most."""
    return reason[:_REASON_CHARACTERS].encode(errors="backslashreplace").decode()


def dead_letter(delivery: Delivery, *, reason: str) -> Record:
    """The record for the dead-letter topic: the same bytes, with the reason and the origin in headers."""
    return Record(
        topic=dead_letter_topic(delivery.source.topic),
        value=delivery.value,
        key=delivery.key,
        headers=(*delivery.headers, *_epitaph(delivery.source, reason)),
    )


def empty_dead_letter(delivery: Delivery, *, reason: str) -> Record:
    """The same without the record's own bytes, for one that cannot be stored again."""
    size = str(len(delivery.value or b"")).encode()
    return Record(
        topic=dead_letter_topic(delivery.source.topic),
        value=None,
        headers=(*_epitaph(delivery.source, reason), ("dead-letter-left-out", size)),
    )


def _epitaph(source: Source, reason: str) -> tuple[tuple[str, bytes], ...]:
    origin = {"topic": source.topic, "partition": source.partition, "offset": source.offset}
    return (
        ("dead-letter-reason", readable(reason).encode()),
        ("dead-letter-origin", json.dumps(origin).encode()),
    )
