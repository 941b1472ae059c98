from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from prometheus_client import REGISTRY
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from feeds.api import fallback
from feeds.popular import snapshots
from puppies import redis_client
from puppies.breaker import Breaker
from tests.clock import Clock
from tests.conftest import SignIn
from tests.factories import PostFactory, UserFactory
from tests.feeds.popular.rankings import ranked_posts


@pytest.fixture(autouse=True)
def new_process(settings: Settings, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """Breakers that are closed and follow the test's clock, no snapshot remembered, none in Redis."""
    settings.HOME_FEED_DEADLINE_MS = 200
    settings.REDIS_PREFIX = f"{settings.REDIS_PREFIX}{uuid4().hex}."
    monkeypatch.setattr(snapshots, "memory", snapshots.Memory())
    monkeypatch.setattr(fallback, "breaker", Breaker("home_feed", clock=clock))
    monkeypatch.setattr(redis_client, "breaker", Breaker("redis", clock=clock))


@dataclass
class Reader:
    """Somebody with a post in the home feed, while two posts of others are popular."""

    user: User
    client: APIClient
    popular: list[int]
    authors: list[User]
    all: list[APIClient]

    def get(self, url: str = "/v1/feed") -> Any:
        return self.client.get(url)

    def get_by_each(self) -> list[Any]:
        """The home feeds of the reader and of both authors, as many readers as open a breaker when they wait in vain."""
        return [client.get("/v1/feed") for client in self.all]


@pytest.fixture
def reader(transactional_db: None, sign_in: SignIn, user: User, settings: Settings) -> Reader:
    authors = UserFactory.create_batch(2)
    popular = ranked_posts(2, authors=authors)
    PostFactory.create(author=user, content="my own")
    client = sign_in(user)
    reader = Reader(user, client, popular, authors, [client, *map(sign_in, authors)])
    # The first request connects and prepares: on a busy machine that alone can take the deadline.
    settings.HOME_FEED_DEADLINE_MS = 10_000
    assert reader.get().json()["source"] == "home"
    settings.HOME_FEED_DEADLINE_MS = 200
    return reader


@contextmanager
def attempts() -> Iterator[list[str]]:
    """The statements of the home feed that are sent within, also those that fail."""
    sent: list[str] = []

    def watch(execute: Any, sql: str, *parameters: Any) -> Any:
        if "home_feed" in sql:
            sent.append(sql)
        return execute(sql, *parameters)

    with connection.execute_wrapper(watch):
        yield sent


def fallbacks() -> dict[str, float]:
    """What Prometheus has been told, by reason."""
    reasons = ("open", "timeout", "database", "error")
    name = "puppies_feeds_fallbacks_total"
    return {reason: REGISTRY.get_sample_value(name, {"reason": reason}) or 0.0 for reason in reasons}


def told_since(before: dict[str, float]) -> dict[str, float]:
    return {reason: count - before[reason] for reason, count in fallbacks().items() if count > before[reason]}


def is_fallback(response: Any, reader: Reader) -> bool:
    """Whether the answer is what is popular, and says so."""
    body = response.json()
    return (
        response.status_code == 200
        and response.get("X-Feed-Source") == "fallback"
        and body["source"] == "popular"
        and [int(post["id"]) for post in body["results"]] == reader.popular
    )
