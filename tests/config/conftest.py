import pytest

from puppies.breaker import OPEN
from puppies.metrics import REQUEST_SECONDS


@pytest.fixture
def nothing_was_answered_before() -> None:
    """The counters of an API that has just been started: other tests of this process provoke failures on purpose."""
    REQUEST_SECONDS.clear()
    OPEN.clear()
