"""The provider does not answer, or not as it should: 503, soon, and nothing has changed."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import monotonic

import pytest
from rest_framework.test import APIClient

from accounts.oidc import fetching
from tests.accounts.oidc.people import GOOGLE, answered
from tests.accounts.oidc.provider import REDIRECT, IdentityProvider, Write, write, written
from tests.database import everything_stored


@pytest.fixture
def enough() -> Iterator[threading.Event]:
    """Set when the test is over, so that no answer waits any longer."""
    event = threading.Event()
    yield event
    event.set()


def silent(enough: threading.Event) -> Write:
    def answer(_: BaseHTTPRequestHandler) -> None:
        enough.wait(30)

    return answer


def dripping(enough: threading.Event) -> Write:
    """A byte now and then, so that no single wait is long."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            handler.send_response(200)
            handler.send_header("Content-Length", "100000")
            handler.end_headers()
            while not enough.wait(0.02):
                handler.wfile.write(b" ")

    return answer


def dripping_headers(enough: threading.Event) -> Write:
    """A line of the header now and then: no body ever begins."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not enough.wait(0.1):
                handler.wfile.write(b"X: a\r\n")

    return answer


def unavailable(client: APIClient, body: dict[str, str]) -> float:
    """Ask, expect 503 with everything as before; how long it took."""
    before, start = everything_stored(), monotonic()

    response = client.post(GOOGLE, body)

    took = monotonic() - start
    assert answered(response) == (503, "provider_unavailable")
    assert int(response["Retry-After"]) >= 1
    assert everything_stored() == before
    return took


def test_a_provider_that_is_down(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    body = idp.body()
    idp.stop()

    assert unavailable(anonymous_client, body) < 2


@pytest.mark.parametrize("kind", [silent, dripping, dripping_headers])
@pytest.mark.parametrize("path", ["/jwks", "/token"])
def test_a_provider_that_is_slow(
    idp: IdentityProvider,
    anonymous_client: APIClient,
    enough: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    kind: object,
    path: str,
) -> None:
    monkeypatch.setattr(fetching, "READ_SECONDS", 0.3)
    monkeypatch.setattr(fetching, "WHOLE_SECONDS", 0.3)
    idp.answers[path] = kind(enough)  # type: ignore[operator]
    code = {"code": "x", "code_verifier": "v" * 43, "redirect_uri": REDIRECT}

    took = unavailable(anonymous_client, idp.body() if path == "/jwks" else code)

    assert 0.25 < took < 2


def test_the_waits_are_short() -> None:
    assert fetching.CONNECT_SECONDS + fetching.READ_SECONDS <= fetching.WHOLE_SECONDS <= 6


@pytest.mark.parametrize(
    "answer",
    [
        written(500, {"keys": []}),
        written(404, {"error": "not_found"}),
        write(200, b""),
        write(200, b"<html>Sign in to the hotel's network</html>"),
        write(200, b"{" + b" " * fetching.MOST_BYTES + b"}"),
        write(200, b'{"keys": []}', **{"Content-Encoding": "gzip"}),
        write(200, b'{"keys"', **{"Transfer-Encoding": "chunked"}),
    ],
    ids=["500", "404", "empty", "html", "huge", "no gzip", "no chunks"],
)
def test_a_provider_that_answers_nonsense(
    idp: IdentityProvider, anonymous_client: APIClient, answer: Write
) -> None:
    idp.answers["/jwks"] = answer

    unavailable(anonymous_client, idp.body())


def test_redirects_are_not_followed(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    idp.answers["/jwks"] = write(302, b"{}", Location=f"{idp.url}/elsewhere")

    unavailable(anonymous_client, idp.body())

    assert idp.asked == {"/jwks": 1}


def test_a_proxy_is_not_asked_for_what_is_on_this_machine(
    idp: IdentityProvider, anonymous_client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    assert anonymous_client.post(GOOGLE, idp.body()).status_code == 201


def test_no_credentials_of_the_machine_are_sent(
    idp: IdentityProvider, anonymous_client: APIClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login rex password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    seen: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers.get("Authorization"))
        written(200, {"keys": idp.keys})(handler)

    idp.answers["/jwks"] = answer

    assert anonymous_client.post(GOOGLE, idp.body()).status_code == 201
    assert seen == [None]


def test_what_was_verified_before_goes_on(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    first = anonymous_client.post(GOOGLE, idp.body())
    body = idp.body()
    idp.stop()

    assert (first.status_code, anonymous_client.post(GOOGLE, body).status_code) == (201, 200)
