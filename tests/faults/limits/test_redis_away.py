"""Redis refuses, hangs, forgets and comes back: limits stay, requests hardly notice."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from pytest_django import Settings
from rest_framework.test import APIClient

from config.stack import Stores
from config.stack.servers import Server
from puppies import redis_client
from puppies.breaker import OPEN_SECONDS, Breaker
from puppies.limits import service
from puppies.limits.buckets import Bucket, Limit
from puppies.limits.local import LocalBuckets
from puppies.redis_client import client

pytestmark = pytest.mark.django_db

GUARDED = Limit("guarded", 4, 36_000, "address", ("GET /v1/nothing",))


@pytest.fixture
def valkey(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A Redis of one's own, which the limits use with a fresh breaker and an empty memory."""
    monkeypatch.setattr(redis_client, "breaker", Breaker("redis"))
    monkeypatch.setattr(service, "local", LocalBuckets())
    settings.LIMITS = (GUARDED,)
    settings.REDIS_TIMEOUT_MS = 50
    with Stores(tmp_path, only=["valkey"], durable=False) as stores:
        settings.REDIS_URL = stores.environment()["REDIS_URL"]
        client.cache_clear()
        try:
            yield stores["valkey"]
        finally:
            client().close()
            client.cache_clear()


def ask(times: int) -> tuple[list[int], float]:
    """Statuses of requests in a row, and the least time that one took."""
    api, found, fastest = APIClient(), [], 60.0
    for _ in range(times):
        begin = time.monotonic()
        found.append(api.get("/v1/nothing").status_code)
        fastest = min(fastest, time.monotonic() - begin)
    return found, fastest


def seconds_to_take(bucket: Bucket) -> float:
    begin = time.monotonic()
    service.take([bucket])
    return time.monotonic() - begin


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """The server is there, takes connections, and never answers."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def counted_locally() -> float:
    return REGISTRY.get_sample_value("puppies_limits_local_total") or 0.0


def test_a_hung_redis_costs_little_and_unlimits_nothing(valkey: Server) -> None:
    ask(1)  # The connection exists and the addresses are loaded.
    before = counted_locally()
    with frozen(valkey):
        first, _ = ask(3)
        assert redis_client.breaker.is_open
        then, _ = ask(3)

    assert first + then == [404, 404, 404, 404, 429, 429]
    assert counted_locally() - before == 6


def test_a_hung_redis_costs_a_request_100_ms_at_most_and_soon_nothing(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = Bucket(Limit("open", 1_000, 60, "address"), "192.0.2.1")
    service.take([bucket])
    rounds = []
    with frozen(valkey):
        for _ in range(3):
            monkeypatch.setattr(redis_client, "breaker", Breaker("redis"))
            rounds.append([seconds_to_take(bucket) for _ in range(6)])

    # The best of three rounds: what else the machine does is not the product's doing.
    calm = [min(times) for times in zip(*rounds, strict=True)]
    assert max(calm[:3]) < 0.1
    assert max(calm[3:]) < 0.005


def test_a_redis_that_is_gone_costs_little_and_unlimits_nothing(valkey: Server) -> None:
    ask(1)
    valkey.kill()

    found, fastest = ask(6)

    assert found == [404, 404, 404, 404, 429, 429]
    assert fastest < 0.1


def test_redis_is_used_again_when_it_is_back(valkey: Server, settings: Settings) -> None:
    valkey.kill()
    ask(4)
    valkey.start()
    valkey.wait_ready()
    time.sleep(OPEN_SECONDS)

    found, _ = ask(6)

    assert found == [404, 404, 404, 404, 429, 429]
    assert not redis_client.breaker.is_open
    assert client().exists(f"{settings.REDIS_PREFIX}limit:guarded:127.0.0.1")


def test_a_redis_that_cannot_write_unlimits_nothing(valkey: Server) -> None:
    ask(1)
    client().config_set("maxmemory", "1")

    found, _ = ask(6)

    assert found == [404, 404, 404, 404, 429, 429]
