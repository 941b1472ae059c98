"""Records and messages: what lies in a topic, and what kombu makes of it."""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Message
from kombu.utils.json import dumps, loads

from puppies.kafka.producer import Record
from puppies.kafka.settings import dead_letter_topic

PARTITION_KEY_HEADER = "partition_key"

Envelope = dict[str, Any]


class UndecodableRecord(ValueError):
    """A record that is no message of this transport; its text says why."""


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
    _require_message(envelope)
    properties = envelope["properties"]
    _require_body(envelope.get("body"), properties.get("body_encoding"))
    properties["delivery_tag"] = tag
    info = properties.get("delivery_info")
    properties["delivery_info"] = {
        "exchange": "",
        **(info if isinstance(info, dict) else {}),
        "routing_key": queue,
    }
    return envelope


def _require_message(envelope: object) -> None:
    if not isinstance(envelope, dict):
        raise UndecodableRecord("not a JSON object")
    for name in ("properties", "headers"):
        if not isinstance(envelope.get(name), dict):
            raise UndecodableRecord(f"no {name!r} object")


def _require_body(body: object, encoding: object) -> None:
    if not isinstance(body, str):
        raise UndecodableRecord("no text in 'body'")
    if encoding not in (None, "utf-8", "base64"):
        raise UndecodableRecord(f"body encoding {encoding!r} is unknown")
    if encoding == "base64":
        try:
            base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UndecodableRecord(f"'body' is not base64: {error}") from error


def headers_of(message: Message) -> tuple[tuple[str, bytes], ...]:
    """The headers of a Kafka message; a value that is missing counts as empty."""
    pairs: list[tuple[str, Any]] = list(message.headers() or [])  # type: ignore[arg-type]
    return tuple((name, value if isinstance(value, bytes) else b"") for name, value in pairs)


def dead_letter(delivery: Delivery, *, reason: str) -> Record:
    """The record for the dead-letter topic: the same bytes, with the reason and the origin in headers."""
    source = delivery.source
    origin = {"topic": source.topic, "partition": source.partition, "offset": source.offset}
    headers = (
        *delivery.headers,
        ("dead-letter-reason", reason.encode()),
        ("dead-letter-origin", json.dumps(origin).encode()),
    )
    return Record(
        topic=dead_letter_topic(source.topic), value=delivery.value, key=delivery.key, headers=headers
    )
