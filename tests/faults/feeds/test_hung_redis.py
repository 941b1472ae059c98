"""Redis accepts and never answers: feeds hardly notice."""

import socket
import time
from collections.abc import Iterator
from threading import Thread

import pytest
from pytest_django import Settings

from puppies import redis_client
from puppies.breaker import Breaker
from tests.faults.feeds.conftest import Reader, is_fallback
from tests.locks import locked


class SilentServer:
    """Listens on loopback, takes every connection and says nothing."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.taken: list[socket.socket] = []
        self._thread = Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        while True:
            try:
                self.taken.append(self._listener.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)
        for connection in self.taken:
            connection.close()


@pytest.fixture
def hung(reader: Reader, settings: Settings) -> Iterator[SilentServer]:
    server = SilentServer()
    settings.REDIS_URL = f"redis://127.0.0.1:{server.port}/0"
    redis_client.client.cache_clear()
    try:
        yield server
    finally:
        redis_client.client().close()
        redis_client.client.cache_clear()
        server.close()


def test_the_home_feed_is_answered_as_ever(reader: Reader, hung: SilentServer) -> None:
    answers = [reader.get() for _ in range(6)]

    assert [answer.json()["source"] for answer in answers] == ["home"] * 6
    # The limits asked three times; then nobody of this process did.
    assert len(hung.taken) == 3


def test_popular_posts_are_answered_from_postgresql(reader: Reader, hung: SilentServer) -> None:
    answers = [reader.get("/v1/feed/popular").json() for _ in range(6)]

    assert [[int(post["id"]) for post in answer["results"]] for answer in answers] == [reader.popular] * 6
    assert len(hung.taken) == 3


def test_a_locked_feed_besides_is_still_answered_within_300_ms(
    reader: Reader, hung: SilentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = []
    with locked("feeds_feedentry"):
        for _ in range(3):
            monkeypatch.setattr(redis_client, "breaker", Breaker("redis"))
            begin = time.monotonic()
            assert is_fallback(reader.get(), reader)
            rounds.append(time.monotonic() - begin)

    assert min(rounds) < 0.3
