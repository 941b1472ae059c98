from collections.abc import Callable
from uuid import uuid4

import pytest
from pytest_django import Settings

from puppies.limits.buckets import Limit

SetLimits = Callable[..., None]


@pytest.fixture
def limits(settings: Settings) -> SetLimits:
    """Put limits in force, with buckets that no other test has drawn from."""
    settings.REDIS_PREFIX = f"{settings.REDIS_PREFIX}{uuid4().hex}."

    def put_in_force(*table: Limit) -> None:
        settings.LIMITS = table

    return put_in_force
