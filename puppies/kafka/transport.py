"""The kombu transport: what Celery sees of Kafka."""

import logging
from time import sleep
from typing import Any, TypeAlias

import confluent_kafka
from celery import current_app
from kombu.transport import virtual

from puppies.kafka.consumer import ConsumerFailed, ConsumerSession
from puppies.kafka.producer import Record, producer_for
from puppies.kafka.records import Delivery, encode, partition_key
from puppies.kafka.settings import DEFAULT_PORT, KafkaSettings

logger = logging.getLogger(__name__)

# Celery looks at its signals between two drains: short waits make for a prompt warm shutdown.
_DRAIN_SECONDS = 0.2


class Message(virtual.Message):
    """A message that remembers why it could not become a task, and is then never acknowledged as done."""

    failure: Exception | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.errors:
            self.failure = self.errors[0][1]

    def _decode(self) -> Any:
        try:
            return super()._decode()
        except Exception as error:
            self.failure = error
            raise

    def ack(self, multiple: bool = False) -> None:
        """Acknowledge; Celery acknowledges undecodable messages too, but those become dead letters."""
        if self.failure is None:
            super().ack(multiple=multiple)
        else:
            self.reject()

    def fail(self, error: Exception) -> None:
        """Reject for good because of an error around the task, which its dead letter will name."""
        self.failure = error
        self.reject()

    def rejection(self) -> str:
        """Why this message goes to the dead-letter topic."""
        if self.failure is not None:
            return _sentence(self.failure)
        task = (self.headers or {}).get("task")
        if task not in current_app.tasks:
            return f"no task named {task!r} is registered in this worker"
        return f"rejected by task {task!r} or by Celery"


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


class QoS(virtual.QoS):
    """Counts what Celery holds; the session's inbox knows which offset each delivery tag means."""

    def __init__(self, channel: "Channel", prefetch_count: int = 0) -> None:
        super().__init__(channel, prefetch_count)
        self._session = channel.session
        self._held: dict[str, Message] = {}

    def can_consume(self) -> bool:
        """Whether Celery wants more."""
        return not self.prefetch_count or len(self._held) < self.prefetch_count

    def can_consume_max_estimate(self) -> int:
        """How many more messages Celery wants."""
        return max(self.prefetch_count - len(self._held), 0) if self.prefetch_count else 1

    def append(self, message: Any, delivery_tag: str) -> None:
        """Note a message as handed to Celery."""
        self._held[delivery_tag] = message

    def get(self, delivery_tag: str) -> Any:
        """The message that Celery holds under this tag."""
        return self._held[delivery_tag]

    def ack(self, delivery_tag: str) -> None:
        """Called from any thread when a task is done: the consumer's thread commits it later."""
        if self._held.pop(delivery_tag, None) is not None:
            self._session.inbox.finish(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Deliver again, or set aside for the dead-letter topic; never just forget."""
        message = self._held.pop(delivery_tag, None)
        if message is None:
            return
        if requeue:
            self._session.inbox.requeue(delivery_tag)
        else:
            self._session.inbox.reject(delivery_tag, message.rejection())

    def refuse(self, delivery_tag: str, error: Exception) -> None:
        """Set aside what could not be handed to Celery, even when it never became a message."""
        self._held.pop(delivery_tag, None)
        self._session.inbox.reject(delivery_tag, _sentence(error))

    def restore_unacked(self) -> None:
        """Nothing to do: what was not acknowledged was not committed."""
        self._held.clear()

    def restore_unacked_once(self, stderr: Any | None = None) -> None:
        """Nothing to do: what was not acknowledged was not committed."""
        self._on_collect.cancel()  # type: ignore[attr-defined]
        self._held.clear()


class Channel(virtual.Channel):
    """A channel publishes through the process's producer, and consumes through a session of its own."""

    QoS = QoS
    Message = Message

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        client = connection.client
        self.settings = KafkaSettings.from_url(client.hostname, client.transport_options)
        self.session = ConsumerSession(self.settings)

    def encode_body(self, body: Any, encoding: str | None = None) -> tuple[Any, str]:
        """JSON stays readable text in the record; anything binary becomes base64."""
        if isinstance(body, str) and encoding == self.body_encoding:
            return body, "utf-8"
        return super().encode_body(body, encoding)

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        record = Record(self.settings.topic(queue), encode(message), partition_key(message))
        [error] = producer_for(self.settings).publish([record], timeout=self.settings.publish_timeout)
        if error is not None:
            raise error

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        raise NotImplementedError(
            f"Queue {queue!r} is a Kafka topic: it can be consumed, not asked for one message."
        )

    def _purge(self, queue: str) -> int:
        raise NotImplementedError(
            f"Queue {queue!r} is a Kafka topic: delete its records with Kafka's own tools."
        )

    def basic_consume(self, queue: str, *args: Any, **kwargs: Any) -> str:
        """Add a queue to the session; the first drain starts it."""
        self.session.add_queue(queue)
        return super().basic_consume(queue, *args, **kwargs)

    def basic_cancel(self, consumer_tag: str) -> None:
        """Stop deliveries from a queue; its partitions are kept until tasks in hand are done."""
        queue = self._tag_to_queue.get(consumer_tag)
        super().basic_cancel(consumer_tag)
        if queue is not None:
            self.session.remove_queue(queue)

    def is_consuming(self) -> bool:
        """Whether Celery consumes from this channel."""
        return bool(self._consumers)

    def next_delivery(self, timeout: float) -> Delivery | None:
        """The next delivery once there is one and Celery has room for it; None after `timeout` seconds."""
        self.session.start()
        return self.session.inbox.take(can_take=self.qos.can_consume, timeout=timeout)

    def close(self) -> None:
        """Commit what is done and leave the group."""
        if not self.closed:
            super().close()
            self.session.close()


# In the class below, kombu wants the name for an attribute.
_Channel: TypeAlias = Channel


class Transport(virtual.Transport):
    """`puppies-kafka://host:port,host:port`."""

    Channel = Channel

    can_parse_url = True
    default_port = DEFAULT_PORT
    driver_type = "kafka"
    driver_name = "confluent-kafka"
    connection_errors = (*virtual.Transport.connection_errors, ConsumerFailed)

    implements = virtual.Transport.implements.extend(exchange_type=frozenset(["direct", "topic"]))

    def driver_version(self) -> str:
        """The version of confluent-kafka."""
        return str(confluent_kafka.__version__)

    def as_uri(self, uri: str, include_password: bool = False, mask: str = "**") -> str:
        """The URL with credentials masked."""
        scheme, _, rest = uri.partition("://")
        credentials, at, hosts = rest.rpartition("@")
        return f"{scheme}://{credentials if include_password else mask}@{hosts}" if at else uri

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Hand one message of each consuming channel to Celery; TimeoutError when there was none."""
        wait = _DRAIN_SECONDS if timeout is None else min(timeout, _DRAIN_SECONDS)
        channels = [item for item in self.channels or () if isinstance(item, Channel) and item.is_consuming()]
        handed_over = [self._hand_over_next(channel, wait / len(channels)) for channel in channels]
        if not channels:
            sleep(wait)
        if not any(handed_over):
            raise TimeoutError

    def _hand_over_next(self, channel: "_Channel", timeout: float) -> bool:
        """Whether there was a delivery; one that Celery cannot take is a dead letter, and the worker goes on."""
        delivery = channel.next_delivery(timeout)
        if delivery is None:
            return False
        try:
            self._deliver(delivery.envelope, delivery.source.queue)
        except self.connection_errors:
            raise
        except Exception as error:
            logger.exception("Celery could not take %s", delivery.source.tag)
            qos: Any = channel.qos
            qos.refuse(delivery.source.tag, error)
        return True
