"""What Celery's protocol 2 reads of a message, checked first: its own reader trusts every type and ends with the worker."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from celery.app.task import Context
from celery.utils.time import maybe_iso8601
from kombu.utils.json import loads

CONTENT_TYPE = "application/json"

# Deeper values are legal JSON, but neither pickle (on the way to a pool process) nor repr survives them.
_MAX_DEPTH = 64
_LONGEST_LIMIT = 10**9

Check = Callable[[object], bool]


class UndecodableRecord(ValueError):
    """A record that is no message of this transport; its text says why."""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_limit(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _LONGEST_LIMIT


def _are_limits(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_limit, value))


def _is_moment(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        maybe_iso8601(value)
    except (ValueError, OverflowError):
        return False
    return True


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_name, value))


def _is_signature(value: object) -> bool:
    if not isinstance(value, dict) or not _is_name(value.get("task")):
        return False
    return all(
        value.get(name) is None or isinstance(value[name], kind)
        for name, kind in {"args": list, "kwargs": dict, "options": dict}.items()
    )


def _are_signatures(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_signature, value))


def _is_never(_value: object) -> bool:
    return False


# Every table names the check of a member that is there and not null, and what the check asks for.
_TEXT = (_is_text, "text")
_COUNT = (_is_count, "a whole number from 0")
_SIGNATURES = (_are_signatures, "a list of signatures")

_EMBEDDED: Mapping[str, tuple[Check, str]] = {
    "callbacks": _SIGNATURES,
    "errbacks": _SIGNATURES,
    "chain": _SIGNATURES,
    "chord": (_is_signature, "a signature"),
}

# A message may bring the embedded members in its headers too: Celery merges the two.
_HEADERS: Mapping[str, tuple[Check, str]] = {
    **_EMBEDDED,
    **dict.fromkeys(("root_id", "parent_id", "group", "shadow", "origin", "lang", "meth"), _TEXT),
    **dict.fromkeys(("argsrepr", "kwargsrepr"), _TEXT),
    **dict.fromkeys(("retries", "group_index", "replaced_task_nesting"), _COUNT),
    "task": (_is_name, "a name"),
    "id": (_is_name, "a name"),
    "timelimit": (_are_limits, "a pair of seconds or nulls"),
    "expires": (_is_moment, "a time in ISO 8601"),
    "ignore_result": (_is_flag, "true or false"),
    "stamped_headers": (_are_names, "a list of names"),
    "stamps": (_is_object, "an object"),
    "headers": (_is_object, "an object"),
    "eta": (_is_never, "null, because a task that waits would hold up its partition"),
    "compression": (_is_never, "null, because bodies are read uncompressed"),
}
_REQUIRED_HEADERS = ("task", "id")

_PROPERTIES: Mapping[str, tuple[Check, str]] = {
    "reply_to": _TEXT,
    "correlation_id": _TEXT,
    "priority": _COUNT,
}
_TOP: Mapping[str, tuple[Check, str]] = {
    "properties": (_is_object, "an object"),
    "headers": (_is_object, "an object"),
    "body": (_is_text, "text"),
    "content-encoding": _TEXT,
    "content-type": (lambda value: value == CONTENT_TYPE, repr(CONTENT_TYPE)),
}
_REQUIRED_TOP = ("properties", "headers", "body", "content-type")


def require_task(envelope: object) -> None:
    """Raise UndecodableRecord unless Celery can make a request of this message."""
    if not isinstance(envelope, dict):
        raise UndecodableRecord("not a JSON object")
    _require_members(envelope, _TOP, _REQUIRED_TOP, of="the message")
    _require_shallow(envelope, _MAX_DEPTH)
    _require_members(envelope["headers"], _HEADERS, _REQUIRED_HEADERS, of="headers")
    _require_no_methods(envelope["headers"])
    _require_members(envelope["properties"], _PROPERTIES, (), of="properties")
    _require_arguments(_body(envelope["body"], envelope["properties"].get("body_encoding")))


def _require_members(
    members: dict[str, Any], checks: Mapping[str, tuple[Check, str]], required: tuple[str, ...], *, of: str
) -> None:
    for name, (check, expected) in checks.items():
        value = members.get(name)
        if value is None and name in required:
            raise UndecodableRecord(f"no {name!r} in {of}")
        if value is not None and not check(value):
            raise UndecodableRecord(f"{name!r} in {of} is not {expected}")


def _require_no_methods(headers: dict[str, Any]) -> None:
    """Headers become attributes of the task's request, where they would hide its methods."""
    for name in headers:
        if hasattr(Context, name) and (name.startswith("_") or callable(getattr(Context, name))):
            raise UndecodableRecord(f"header {name!r} is the name of a method")


def _require_shallow(value: object, room: int) -> None:
    if room == 0:
        raise UndecodableRecord(f"nested more than {_MAX_DEPTH} levels deep")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        _require_shallow(item, room - 1)


def _body(body: str, encoding: object) -> object:
    if encoding not in (None, "utf-8", "base64"):
        raise UndecodableRecord(f"body encoding {encoding!r} is unknown")
    try:
        raw = base64.b64decode(body, validate=True) if encoding == "base64" else body.encode()
    except ValueError as error:
        raise UndecodableRecord(f"'body' is not {encoding or 'utf-8'}: {error}") from error
    try:
        return loads(raw)
    except Exception as error:  # what a foreign body provokes in the decoder is not ours to list
        raise UndecodableRecord(f"'body' is not JSON: {error}") from error


def _require_arguments(body: object) -> None:
    _require_shallow(body, _MAX_DEPTH)
    if not isinstance(body, list) or len(body) != 3:
        raise UndecodableRecord("'body' is not a list of arguments, keyword arguments and embedded members")
    args, kwargs, embedded = body
    if not _is_list(args) or not _is_object(kwargs) or not (embedded is None or _is_object(embedded)):
        raise UndecodableRecord("'body' is not [list, object, object or null]")
    if unknown := sorted(embedded.keys() - _EMBEDDED.keys() if embedded else ()):
        raise UndecodableRecord(f"'body' embeds unknown members: {', '.join(unknown)}")
    _require_members(embedded or {}, _EMBEDDED, (), of="the embedded members")
