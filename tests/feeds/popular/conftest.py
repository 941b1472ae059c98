from uuid import uuid4

import pytest
from pytest_django import Settings

from feeds.popular import snapshots
from puppies import redis_client
from puppies.breaker import Breaker


@pytest.fixture(autouse=True)
def levels(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that remembers no snapshot, and a part of Redis in which none lies."""
    settings.REDIS_PREFIX = f"{settings.REDIS_PREFIX}{uuid4().hex}."
    monkeypatch.setattr(snapshots, "memory", snapshots.Memory())
    monkeypatch.setattr(redis_client, "breaker", Breaker("redis"))
