"""A message with anything changed is called undecodable, or Celery can make a request of it."""

import json
from typing import Any

import pytest
from celery import Celery
from celery.worker.request import Request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kombu import Connection

from puppies import kafka
from puppies.kafka.batch import TaskMessage, envelope
from puppies.kafka.protocol import UndecodableRecord
from puppies.kafka.records import decode
from puppies.kafka.transport import Channel, Message

kafka.register()
app = Celery("protocol-tests", broker="puppies-kafka://127.0.0.1:1", set_as_current=False)


@app.task(name="protocol.note")
def note(*, number: int) -> None:
    """Take the arguments of the messages under test."""


def _good() -> dict[str, Any]:
    message: dict[str, Any] = json.loads(
        json.dumps(envelope(app, TaskMessage("protocol.note", {"number": 1}, "k", "id"), queue="q"))
    )
    return message


@pytest.fixture(scope="module")
def channel() -> Channel:
    """A channel; it connects to nothing before it consumes."""
    connection: Any = Connection("puppies-kafka://127.0.0.1:1")
    made: Channel = connection.transport.create_channel(connection.transport)
    return made


# Surrogates on purpose: JSON can escape half a pair.
texts = st.text(st.characters(exclude_categories=()), max_size=8)
values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.sampled_from(["2030-01-01T00:00:00Z", "application/json", [None, None], [1, 2], 2**70]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=6,
)
DELETED = "deleted"
places = st.sampled_from(
    [
        *[(name,) for name in _good()],
        *[
            ("headers", name)
            for name in (*_good()["headers"], "callbacks", "chord", "compression", "headers")
        ],
        *[("properties", name) for name in (*_good()["properties"], "delivery_info", "type")],
    ]
)
bodies = st.one_of(
    values,
    st.tuples(values, values, values),
    st.tuples(st.just([]), st.just({}), st.dictionaries(texts, values)),
).map(json.dumps)
changes = st.lists(
    st.tuples(places, values | st.just(DELETED))
    | st.tuples(st.just(("body",)), bodies)
    | st.tuples(texts.map(lambda name: ("headers", name)), values),
    min_size=1,
    max_size=3,
)


def _change(message: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    *parents, name = place
    for parent in parents:
        if not isinstance(message.get(parent), dict):
            return
        message = message[parent]
    if value == DELETED:
        message.pop(name, None)
    else:
        message[name] = value


@settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutation=changes)
def test_a_changed_message_is_undecodable_or_makes_a_request(channel: Channel, mutation: list[Any]) -> None:
    message = _good()
    for place, value in mutation:
        _change(message, place, value)
    try:
        decoded = decode(json.dumps(message).encode(), tag="tag", queue="q")
    except UndecodableRecord:
        return
    received = Message(decoded, channel=channel)
    request = Request(received, app=app, task=note)

    assert not received.errors
    assert isinstance(hash(request.id) ^ hash(request.type), int)
    assert isinstance(request.args, list)
    assert isinstance(request.kwargs, dict)
    assert len(request.time_limits) == 2
    assert request.revoked() in {True, False}


def test_the_unchanged_message_makes_a_request(channel: Channel) -> None:
    received = Message(decode(json.dumps(_good()).encode(), tag="tag", queue="q"), channel=channel)

    request = Request(received, app=app, task=note)

    assert (request.id, request.type, request.kwargs) == ("id", "protocol.note", {"number": 1})
