"""Through the WSGI application itself: the test client of Django makes requests of its own."""

from io import BytesIO
from time import process_time
from typing import Any

import orjson
import pytest

from config.wsgi import application

pytestmark = pytest.mark.django_db


def asked(path: str = "/v1/nothing", **headers: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status, headers and body of a POST with these headers, by their names in the environment."""
    told: list[tuple[str, list[tuple[str, str]]]] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "testserver",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "2",
        "wsgi.input": BytesIO(b"{}"),
        "wsgi.url_scheme": "http",
        "wsgi.errors": BytesIO(),
        **headers,
    }
    body = b"".join(application(environ, lambda status, headers: told.append((status, headers))))
    [(status, answered)] = told
    return int(status[:3]), dict(answered), orjson.loads(body)


@pytest.mark.parametrize(
    "headers",
    [
        {"CONTENT_TYPE": 'a/b;x="' + ";" * 100_000},
        {"CONTENT_TYPE": "application/json;" + " " * 250},
        {"CONTENT_TYPE": "application/json; a*=bogus'x'%41"},
        {"HTTP_ACCEPT": "application/json; a*=bogus'x'%41"},
        {"HTTP_ACCEPT": "*/*;" + ";" * 1_100},
        {"HTTP_X_FORWARDED_FOR": "1" * 8_193},
        {"HTTP_ANYTHING": "x" * 400_000},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_a_header_that_nobody_sends_is_refused_at_once(headers: dict[str, str]) -> None:
    begin = process_time()

    status, answered, problem = asked(**headers)

    assert (status, problem["code"]) == (400, "invalid")
    assert answered["Content-Type"] == "application/problem+json"
    assert {"X-Request-ID", "RateLimit"} <= answered.keys()
    # 100 kB of semicolons are ten seconds to Django.
    assert process_time() - begin < 2


@pytest.mark.parametrize(
    "headers",
    [
        {"CONTENT_TYPE": "application/json; charset=utf-8"},
        {"HTTP_ACCEPT": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8"},
        {"HTTP_COOKIE": "a=" + "x" * 8_000},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_what_browsers_and_clients_send_passes(headers: dict[str, str]) -> None:
    assert asked(**headers)[0] == 404
