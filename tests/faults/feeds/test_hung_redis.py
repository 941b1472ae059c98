"""Redis accepts and never answers: feeds hardly notice."""

import time
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from puppies import redis_client
from puppies.breaker import Breaker
from tests.faults.feeds.conftest import Reader, is_fallback
from tests.faults.feeds.servers import SilentServer
from tests.locks import locked


@pytest.fixture
def hung(reader: Reader, settings: Settings) -> Iterator[SilentServer]:
    server = SilentServer()
    settings.REDIS_TIMEOUT_MS = 50
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
