"""One Puppies on private stores for all tests of this folder: stores that a test may stop, kill and start again."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.stack import Stores
from tests.flows.installation import Installation
from tests.flows.people import Person, register

# Failures are tried again at once, and a broker that is away is noticed soon.
SETTINGS = {"DELIVERY_MAX_ATTEMPTS": "3", "DELIVERY_BACKOFF_SECONDS": "0", "KAFKA_PUBLISH_TIMEOUT_MS": "1000"}


@pytest.fixture(scope="session")
def stores() -> Iterator[Stores]:
    directory = Path(tempfile.mkdtemp(prefix="puppies-faults-"))
    try:
        # Durable: what was answered must be there after a kill.
        with Stores(directory, only=("postgres", "valkey", "kafka")) as stores:
            yield stores
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def whole(stores: Stores) -> Iterator[Installation]:
    installation = Installation(
        stores.data_dir / "installation", name="faults", environment=stores.environment(), **SETTINGS
    )
    try:
        installation.set_up()
        yield installation
    finally:
        installation.tear_down()


@pytest.fixture
def installation(whole: Installation, stores: Stores) -> Iterator[Installation]:
    """The same for every test, whole again after it: what a failed test left broken does not spoil the next."""
    yield whole
    for server in stores:
        server.start()
        server.wait_ready()
    whole.start(whole.relay, whole.worker, whole.beat, whole.api)


@pytest.fixture
def person(installation: Installation) -> Callable[[str], Person]:
    """Make somebody: `person("author")`."""
    return lambda name: register(installation, name)
