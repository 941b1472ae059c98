"""Publishing many tasks at once, each confirmed: what the outbox relay uses."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from celery import Celery
from celery.exceptions import QueueNotFound
from kombu.exceptions import EncodeError
from kombu.serialization import dumps
from kombu.utils.uuid import uuid

from puppies.kafka.producer import Record, producer_for
from puppies.kafka.records import PARTITION_KEY_HEADER, Envelope, encode
from puppies.kafka.settings import KafkaSettings

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]

_PERSISTENT = 2


@dataclass(frozen=True, slots=True)
class TaskMessage:
    """One task to publish; `headers` are added to Celery's own and seen in `task.request.headers`."""

    task: str
    kwargs: dict[str, JSON]
    partition_key: str
    task_id: str
    headers: dict[str, str] = field(default_factory=dict)


def publish_tasks(app: Celery, messages: Sequence[TaskMessage], *, timeout: float) -> list[Exception | None]:
    """Publish tasks to the queues that the app's `task_routes` name, all confirmed within `timeout` seconds.

    Entry i of the answer is None when message i is stored in Kafka, else the error: a routing or encoding
    error, or kombu's OperationalError when the broker did not confirm it in time (it may be stored even so).
    No message waits longer than the transport's `publish_timeout_ms`.
    """
    settings = _settings(app)
    deadline = monotonic() + timeout
    prepared = [_prepare(app, settings, message) for message in messages]
    records = {index: item for index, item in enumerate(prepared) if isinstance(item, Record)}
    left = max(0.0, deadline - monotonic())
    errors = producer_for(settings).publish(list(records.values()), timeout=left)
    answers: list[Exception | None] = [None if isinstance(item, Record) else item for item in prepared]
    for index, error in zip(records, errors, strict=True):
        answers[index] = error
    return answers


def _settings(app: Celery) -> KafkaSettings:
    connection = app.connection_for_write()
    return KafkaSettings.from_url(connection.hostname or "", connection.transport_options or {})


def _prepare(app: Celery, settings: KafkaSettings, message: TaskMessage) -> Record | Exception:
    try:
        queue = queue_of(app, message.task, message.kwargs)
        value = encode(envelope(app, message, queue=queue))
    except (QueueNotFound, EncodeError, TypeError, ValueError) as error:
        return error
    return Record(settings.topic(queue), value, message.partition_key.encode())


def queue_of(app: Celery, task: str, kwargs: dict[str, Any]) -> str:
    """The queue that `task_routes` gives this task; raises QueueNotFound when it is not in `task_queues`."""
    route = app.amqp.router.route({}, task, (), kwargs)
    queue = route.get("queue") or app.amqp.default_queue
    return str(getattr(queue, "name", queue))


def envelope(app: Celery, message: TaskMessage, *, queue: str) -> Envelope:
    """The message that `apply_async` would hand to this transport for the same task."""
    task = app.tasks.get(message.task)
    headers, properties, body, _ = app.amqp.as_task_v2(
        message.task_id,
        message.task,
        (),
        message.kwargs,
        reply_to=app.thread_oid,
        # Celery's own saferepr is a third of the cost of a message; kwargs of ids need no protection.
        argsrepr="()",
        kwargsrepr=repr(message.kwargs)[: app.amqp.kwargsrepr_maxsize],
        time_limit=getattr(task, "time_limit", None),
        soft_time_limit=getattr(task, "soft_time_limit", None),
        ignore_result=getattr(task, "ignore_result", app.conf.task_ignore_result),
    )
    content_type, content_encoding, text = dumps(body, serializer=app.conf.task_serializer)
    extra = {**message.headers, PARTITION_KEY_HEADER: message.partition_key}
    return {
        "body": text,
        "content-encoding": content_encoding,
        "content-type": content_type,
        "headers": {**headers, **extra},
        "properties": {
            **properties,
            "delivery_mode": _PERSISTENT,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "utf-8",
            "delivery_tag": uuid(),
        },
    }
