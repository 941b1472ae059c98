"""Decoding never raises anything but UndecodableRecord, and undoes encoding."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puppies.kafka.protocol import UndecodableRecord
from puppies.kafka.records import Delivery, Source, dead_letter, decode, encode, partition_key

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def _message(**changes: Any) -> dict[str, Any]:
    return {
        "body": "[[], {}, null]",
        "content-type": "application/json",
        "headers": {"task": "t", "id": "1"},
        "properties": {"body_encoding": "utf-8"},
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }


@given(value=st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_whatever_lies_in_a_topic_is_decoded_or_called_undecodable(value: bytes) -> None:
    with pytest.raises(UndecodableRecord):
        decode(value, tag="tag", queue="q")


@given(
    number=st.integers(),
    headers=st.dictionaries(st.text(min_size=1).map(lambda name: f"x-{name}"), st.text()),
)
def test_decoding_undoes_encoding(number: int, headers: dict[str, str]) -> None:
    body = json.dumps([[number], {"number": number}, {"chain": None}])
    headers = {**headers, "task": "t", "id": "1"}

    message = decode(encode(_message(body=body, headers=headers)), tag="tag", queue="q")

    assert (message["body"], message["headers"]) == (body, headers)
    assert message["properties"]["delivery_tag"] == "tag"
    assert message["properties"]["delivery_info"] == {"exchange": "", "routing_key": "q"}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (_message(body=None), "no 'body' in the message"),
        (_message(headers=None), "no 'headers' in the message"),
        (_message(headers={"task": "t"}), "no 'id' in headers"),
        (_message(headers={"task": {}, "id": "1"}), "'task' in headers is not a name"),
        (_message(headers={"task": "t", "id": "1", "get": 1}), "header 'get' is the name of a method"),
        (_message(properties=[]), "'properties' in the message is not an object"),
        (_message(properties={"body_encoding": "rot13"}), "body encoding 'rot13' is unknown"),
        (_message(body="%%", properties={"body_encoding": "base64"}), "'body' is not base64"),
        (_message(body="\ud800"), "'body' is not utf-8"),
        (_message(body="[]"), "'body' is not a list of arguments"),
        (_message(body='[[], "x", null]'), r"'body' is not \[list, object, object or null\]"),
        (_message(body='[[], {}, {"id": 1}]'), "'body' embeds unknown members: id"),
        (_message(content_type="application/x-python-serialize"), "is not 'application/json'"),
    ],
)
def test_the_reason_names_what_is_wrong(message: dict[str, Any], reason: str) -> None:
    with pytest.raises(UndecodableRecord, match=reason):
        decode(encode(message), tag="tag", queue="q")


@pytest.mark.parametrize(
    ("headers", "key"),
    [({}, None), (None, None), ({"partition_key": "a"}, b"a"), ({"partition_key": 7}, b"7")],
)
def test_the_partition_key_is_a_header(headers: dict[str, Any] | None, key: bytes | None) -> None:
    assert partition_key({"headers": headers}) == key


def test_a_dead_letter_keeps_the_record_and_adds_reason_and_origin() -> None:
    delivery = Delivery(Source("q", "p.q", 3, 14, 1), b"raw", b"key", (("who", b"me"),))

    record = dead_letter(delivery, reason="no good")

    assert (record.topic, record.value, record.key) == ("p.q.dlq", b"raw", b"key")
    assert dict(record.headers) == {
        "who": b"me",
        "dead-letter-reason": b"no good",
        "dead-letter-origin": b'{"topic": "p.q", "partition": 3, "offset": 14}',
    }


def test_a_reason_of_any_length_and_alphabet_is_stored() -> None:
    record = dead_letter(Delivery(Source("q", "p.q", 3, 14, 1), b"raw"), reason="\ud800" + "x" * 5_000)

    assert dict(record.headers)["dead-letter-reason"] == b"\\ud800" + b"x" * 999
