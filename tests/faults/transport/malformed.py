"""Messages of which one thing is wrong, each with what its dead letter has to say."""

import json
from typing import Any

from celery import Celery

from puppies.kafka.batch import TaskMessage, envelope

NUMBER = 1_000_000
HALF_A_PAIR = "\ud800"
DELETED = object()


def _good(app: Celery, task: str = "one.note") -> dict[str, Any]:
    message: dict[str, Any] = json.loads(
        json.dumps(envelope(app, TaskMessage(task, {"number": NUMBER}, "k", "id"), queue="one"))
    )
    return message


def _changed(members: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    changed = {**members, **changes}
    return {name: value for name, value in changed.items() if value is not DELETED}


_HEADERS: list[tuple[dict[str, Any], str]] = [
    ({"task": {}}, "'task' in headers"),
    ({"task": ["one.note"]}, "'task' in headers"),
    ({"task": DELETED}, "no 'task'"),
    ({"task": HALF_A_PAIR}, r"no task named '\ud800'"),
    ({"id": DELETED}, "no 'id'"),
    ({"id": {}}, "'id' in headers"),
    ({"timelimit": 5}, "'timelimit' in headers"),
    ({"timelimit": ["a", "b"]}, "'timelimit' in headers"),
    ({"eta": "2099-01-01T00:00:00+00:00"}, "'eta' in headers"),
    ({"eta": [1]}, "'eta' in headers"),
    ({"expires": "garbage"}, "'expires' in headers"),
    ({"expires": [1]}, "'expires' in headers"),
    ({"retries": "x"}, "'retries' in headers"),
    ({"root_id": []}, "'root_id' in headers"),
    ({"parent_id": {}}, "'parent_id' in headers"),
    ({"group": {}}, "'group' in headers"),
    ({"shadow": {}}, "'shadow' in headers"),
    ({"argsrepr": {}}, "'argsrepr' in headers"),
    ({"stamped_headers": 5, "stamps": "x"}, "'stamped_headers' in headers"),
    ({"compression": "zlib"}, "'compression' in headers"),
    ({"compression": {}}, "'compression' in headers"),
    ({"callbacks": 5}, "'callbacks' in headers"),
    ({"get": {}}, "header 'get'"),
]

_TOP: list[tuple[dict[str, Any], str]] = [
    ({"headers": []}, "'headers' in the message"),
    ({"properties": None}, "no 'properties'"),
    ({"content-type": f"application/x-{HALF_A_PAIR}"}, "'content-type' in the message"),
    ({"content-type": ["x"]}, "'content-type' in the message"),
    ({"content-type": "application/x-python-serialize"}, "'content-type' in the message"),
    ({"content-encoding": ["x"]}, "'content-encoding' in the message"),
    ({"body": DELETED}, "no 'body'"),
    ({"body": "[]"}, "'body' is not a list of"),
    ({"body": "{}"}, "'body' is not a list of"),
    ({"body": "{{{"}, "'body' is not JSON"),
    ({"body": f'[[], {{"x": "{HALF_A_PAIR}"}}, {{}}]'}, "'body' is not utf-8"),
    ({"body": '[[], "abc", {}]'}, "'body' is not [list"),
    ({"body": '[{"a": 1}, {}, {}]'}, "'body' is not [list"),
    ({"body": '[[], {"number": 1}, "x"]'}, "'body' is not [list"),
    ({"body": '[[], {"number": 1}, {"callbacks": [5], "chain": [1]}]'}, "'callbacks' in the embedded"),
    ({"body": '[[], {"number": 1}, {"delivery_info": 5}]'}, "'body' embeds unknown members"),
    ({"body": "[" * 100_000 + "]" * 100_000}, "'body' is not JSON"),
    ({"body": f'[[], {{"x": {"[" * 100}{"]" * 100}}}, null]'}, "nested more than"),
]

_RAW: list[tuple[bytes | None, str]] = [
    (None, "not JSON"),
    (b"", "not JSON"),
    (bytes(range(256)), "not JSON"),
    (b"[]", "not a JSON object"),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "not JSON"),
    (b'{"properties": {}, "headers": {"x": {"__type__": "datetime", "__value__": "z"}}}', "not JSON"),
]

_TASKS: list[tuple[str, str]] = [
    ("one.unrequestable", "RuntimeError: this request cannot be made"),
    ("one.out_of_memory", "MemoryError: "),
    ("one.nobody_knows", "no task named 'one.nobody_knows'"),
]


def dead(app: Celery) -> list[tuple[bytes | None, str]]:
    """Records that no worker can use, with how the reason of each begins."""
    good = _good(app)
    headers = [
        ({**good, "headers": _changed(good["headers"], changes)}, reason) for changes, reason in _HEADERS
    ]
    whole = [(_changed(good, changes), reason) for changes, reason in _TOP]
    tasks = [(_good(app, task), reason) for task, reason in _TASKS]
    return [
        *((json.dumps(message).encode(), reason) for message, reason in [*headers, *whole, *tasks]),
        *_RAW,
    ]


def odd(app: Celery) -> list[bytes]:
    """Messages with something wrong that stops nobody: their tasks run, or fail by themselves."""
    good = _good(app)
    headers: list[dict[str, Any]] = [
        {"origin": None},
        {"id": HALF_A_PAIR},
        {"traceparent": [1]},
        {"timelimit": None},
    ]
    bodies = ['[[], {"no": "number"}, null]', '[[], {"number": "\\ud800"}, {}]', '[["x"], {}, {}]']
    bogus = '[[], {"number": 5}, {"callbacks": [{"task": "nobody.knows"}], "chord": {"task": "x"}}]'
    changed = [
        *({**good, "headers": {**good["headers"], **changes}} for changes in headers),
        *({**good, "body": body} for body in [*bodies, bogus]),
        {**good, "content-encoding": HALF_A_PAIR},
        {**good, "properties": {**good["properties"], "delivery_info": {"consumer_tag": {}}}},
    ]
    return [json.dumps(message).encode() for message in changed]
