"""Hostile bodies against every operation of the schema that takes one: refused with a clear code, nothing changed, never a 5xx.

The operations are read from `docs/openapi.yaml`, so that a new endpoint meets the same bodies from its first day.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from tests.database import APPS, everything_stored
from tests.factories import CommentFactory, PostFactory

SCHEMA = yaml.safe_load((settings.BASE_DIR / "docs" / "openapi.yaml").read_text())
JSON = "application/json"
NESTED = b"[" * 40 + b"]" * 40
DEEP_OBJECT = b'{"a":' * 40 + b"1" + b"}" * 40

# Bodies that are wrong whatever the operation: (name, body, content type, further headers, status).
BODIES: list[tuple[str, bytes, str, dict[str, str], int]] = [
    ("empty", b"", JSON, {}, 400),
    ("half an object", b'{"content": "a', JSON, {}, 400),
    ("single quotes", b"{'content': 'a'}", JSON, {}, 400),
    ("two documents", b'{"content": "a"}{"content": "b"}', JSON, {}, 400),
    ("a comment", b'{"content": "a" /* why */}', JSON, {}, 400),
    ("a trailing comma", b'{"content": "a",}', JSON, {}, 400),
    ("NaN", b'{"content": NaN}', JSON, {}, 400),
    ("Infinity", b'{"content": -Infinity}', JSON, {}, 400),
    ("1e400", b'{"content": 1e400}', JSON, {}, 400),
    ("half a surrogate pair", b'{"content": "\\ud800"}', JSON, {}, 400),
    ("the wrong half first", b'{"content": "\\udc00\\ud800"}', JSON, {}, 400),
    ("half a surrogate as a name", b'{"\\udfff": "a"}', JSON, {}, 400),
    ("bytes that are not UTF-8", b'{"content": "\xff\xfe"}', JSON, {}, 400),
    ("a surrogate in UTF-8", b'{"content": "\xed\xa0\x80"}', JSON, {}, 400),
    ("an overlong NUL", b'{"content": "\xc0\x80"}', JSON, {}, 400),
    ("UTF-16", '{"content": "a"}'.encode("utf-16"), JSON, {}, 400),
    ("a byte order mark", b'\xef\xbb\xbf{"content": "a"}', JSON, {}, 400),
    ("a raw control character", b'{"content": "a\nb"}', JSON, {}, 400),
    ("40 arrays deep", NESTED, JSON, {}, 400),
    ("40 objects deep", DEEP_OBJECT, JSON, {}, 400),
    ("100,000 arrays deep", b"[" * 100_000, JSON, {}, 400),
    ("500,000 objects deep", b'{"a":' * 100_000, JSON, {}, 400),
    ("null", b"null", JSON, {}, 400),
    ("an array", b"[]", JSON, {}, 400),
    ("a string", b'"content"', JSON, {}, 400),
    ("a number", b"7", JSON, {}, 400),
    ("true", b"true", JSON, {}, 400),
    ("an unknown field", b'{"is_admin": true}', JSON, {}, 400),
    ("a prototype", b'{"__proto__": {"is_admin": true}}', JSON, {}, 400),
    ("Latin-1", '{"content": "ä"}'.encode("latin-1"), f"{JSON}; charset=iso-8859-1", {}, 415),
    ("UTF-16 by name", '{"content": "a"}'.encode("utf-16"), f"{JSON}; charset=utf-16", {}, 415),
    ("a charset nobody knows", b'{"content": "a"}', f"{JSON}; charset=klingon", {}, 415),
    ("a form", b"content=a", "application/x-www-form-urlencoded", {}, 415),
    ("a form with parts", b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", {}, 415),
    ("XML", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "application/xml", {}, 415),
    ("plain text", b'{"content": "a"}', "text/plain", {}, 415),
    ("no JSON type", b'{"content": "a"}', "nonsense", {}, 415),
    ("compressed", b"\x1f\x8b\x08\x00", JSON, {"Content-Encoding": "gzip"}, 415),
    ("one byte too many", b" " * 1_048_577, JSON, {}, 413),
]
# Values that are wrong for any text: (name, the value as JSON).
TEXTS = [
    ("a number", b"7"),
    ("a fraction", b"1.5"),
    ("a number beyond 64 bits", b"123456789012345678901234567890"),
    ("true", b"true"),
    ("an array", b'["a"]'),
    ("an object", b'{"text": "a"}'),
    ("NUL", b'"a\\u0000b"'),
    ("spaces", b'"  \\t\\n "'),
    ("zero-width characters", b'"\\u200b\\u200d\\ufeff"'),
    ("characters without ink", b'"\\u3164\\u2800\\u115f"'),
    ("marks without a letter", b'"\\u0301\\u0301"'),
    ("directions without text", b'"\\u202e\\u2066\\u2069"'),
    ("a megabyte", b'"' + b"x" * 1_000_000 + b'"'),
]


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each operation with a JSON body: method, path, the body's schema."""
    for path, methods in SCHEMA["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}) if method != "parameters" else {}
            if JSON in content:
                yield method, path, _resolved(content[JSON]["schema"])


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    resolved: dict[str, Any] = (
        SCHEMA["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema
    )
    return resolved


def texts_of(schema: dict[str, Any]) -> list[str]:
    """The members of a body that are text that somebody reads."""
    found = {name: _resolved(member) for name, member in schema.get("properties", {}).items()}
    return [name for name, member in found.items() if member.get("type") == "string"]


OPERATIONS = list(operations())
WHOLE = [
    pytest.param(method, path, *rest, id=f"{method} {path}: {name}")
    for method, path, schema in OPERATIONS
    for name, *rest in BODIES
    if name != "empty" or schema.get("required")  # else nothing is asked for, and nothing done
]
MEMBERS = [
    pytest.param(method, path, schema, member, value, id=f"{method} {path}: {member} is {name}")
    for method, path, schema in OPERATIONS
    for member in texts_of(schema)
    for name, value in TEXTS
    if name != "spaces" or member in schema.get("required", ())  # else that clears the field
]


def send(client: Any, method: str, path: str, body: bytes, content_type: str, **headers: str) -> Any:
    # By the author of what is asked for, so that nothing but the body is wrong.
    post = PostFactory.create(author=User.objects.latest("id"))
    own = CommentFactory.create(post=post, author=post.author) if path.startswith("/v1/comments/") else post
    names = {"id": str(own.id), "username": User.objects.latest("id").username}
    where = path.format_map({"comment_id": "1", "provider": "google", "user_id": "1", **names})
    before = everything_stored()

    response = client.generic(method.upper(), where, body, content_type=content_type, headers=headers)

    assert everything_stored() == before
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == response.status_code
    assert response.json()["code"]
    return response


def test_there_are_at_least_sixty_cases_and_every_kind_of_operation() -> None:
    assert len(WHOLE) + len(MEMBERS) >= 60
    assert {("post", "/v1/posts"), ("post", "/v1/auth/register"), ("post", "/v1/auth/token")} <= {
        (method, path) for method, path, _ in OPERATIONS
    }


@pytest.mark.parametrize(("method", "path", "body", "content_type", "headers", "status"), WHOLE)
def test_a_hostile_body_is_refused(
    client: APIClient,
    method: str,
    path: str,
    body: bytes,
    content_type: str,
    headers: dict[str, str],
    status: int,
) -> None:
    assert send(client, method, path, body, content_type, **headers).status_code == status


@pytest.mark.parametrize(("method", "path", "schema", "member", "value"), MEMBERS)
def test_a_hostile_text_is_refused(
    client: APIClient, method: str, path: str, schema: dict[str, Any], member: str, value: bytes
) -> None:
    others = {name: _likely(name) for name in schema.get("required", []) if name != member}
    body = json.dumps(others)[:-1].encode() + (b", " if others else b"") + b'"%s": ' % member.encode() + value

    response = send(client, method, path, body + b"}", JSON)

    assert response.status_code == 400
    assert [row["pointer"] for row in response.json()["errors"]][:1] == [f"/{member}"]


def _likely(name: str) -> str:
    return {"email": "a@example.test", "username": "some_body"}.get(name, "a-sunny-Walk-42")


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
def test_utf_8_by_any_name_is_taken(client: APIClient, charset: str) -> None:
    response = client.post("/v1/posts", b'{"content": "a"}', content_type=f"{JSON}; charset={charset}")

    assert response.status_code == 201


def test_a_megabyte_exactly_is_read(client: APIClient) -> None:
    body = b'{"content": "a"}'.ljust(1_048_576)

    assert client.post("/v1/posts", body, content_type=JSON).status_code == 201


def test_brackets_within_text_are_no_nesting(client: APIClient) -> None:
    assert client.post("/v1/posts", {"content": "[" * 100 + "{" * 100}).status_code == 201


@pytest.mark.django_db
def test_every_text_that_clients_give_is_bounded_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT table_name || '.' || column_name FROM information_schema.columns
                WHERE table_schema = 'public' AND data_type IN ('text', 'character varying')
                  AND character_maximum_length IS NULL AND split_part(table_name, '_', 1) = ANY(%s)""",
            [sorted(APPS)],
        )
        unbounded = {name for (name,) in cursor.fetchall()}

    # Written by the product itself: names of facts, tasks and counters, and the last error of a delivery.
    assert unbounded <= {
        "puppies_delivery.fact",
        "puppies_delivery.task",
        "puppies_delivery.partition_key",
        "puppies_delivery.error",
        "puppies_delivery.traceparent",
        "puppies_ledgerentry.counter",
        "puppies_drainedtally.counter",
    }
