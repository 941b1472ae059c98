"""Real stores for the tests: started before Django reads its settings, stopped after the last test.

Loaded by `-p tests.plugin`, so that the environment is complete before pytest-django imports the settings.
The first process chooses ports and starts the stores; xdist's workers inherit its environment and only take
prefixes of their own. With DATABASE_URL in the environment those servers are tested against.
"""

import atexit
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import MutableMapping
from pathlib import Path

import pytest

from config.stack import StackError, Stores

SECRET_KEY = "only-for-tests-" + "0123456789abcdef" * 4


def own_stores() -> Stores | None:
    """Return the stores that this process has to start, or None: it is a worker, or was given servers."""
    if "PYTEST_XDIST_WORKER" in os.environ or "DATABASE_URL" in os.environ:
        return None
    return Stores(Path(tempfile.mkdtemp(prefix="puppies-test-")), durable=False)


def set_environment(environment: MutableMapping[str, str], stores: Stores | None) -> None:
    """Point Puppies at the stores, with prefixes by which xdist's workers do not meet each other."""
    worker = environment.get("PYTEST_XDIST_WORKER", "main")
    if stores is not None:
        environment.update(stores.environment())
        environment["DATA_DIR"] = str(stores.data_dir)
    environment["KAFKA_PREFIX"] = environment["REDIS_PREFIX"] = f"{worker}."
    environment["ENVIRONMENT"] = "test"
    environment["DEBUG"] = "0"
    environment["SECRET_KEY"] = SECRET_KEY
    # All tests come from one address; those of the limits bring tables of their own.
    environment["LIMITS_FACTOR"] = "10000"
    # A busy machine is not a fault; tests of faults have the product's own times.
    environment["REDIS_TIMEOUT_MS"] = "2000"
    environment["HOME_FEED_DEADLINE_MS"] = environment["FALLBACK_DEADLINE_MS"] = "1000"


STORES = own_stores()
set_environment(os.environ, STORES)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the stores, unless pytest was only asked for help or for the list of tests."""
    if STORES is None or config.option.collectonly:
        return
    atexit.register(stop_stores, STORES)  # Also when another plugin fails now, and nothing is unconfigured.
    try:
        STORES.start()
    except StackError as error:
        pytest.exit(f"The stores for the tests did not start: {error}", returncode=3)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse tests that share a name, also before a worker tells of them."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        refuse_shared_names([item.nodeid for item in session.items])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(ids: list[str]) -> None:
    """The same for what a worker has found: its own process could not say it to the end."""
    refuse_shared_names(ids)


def refuse_shared_names(names: list[str]) -> None:
    """Raise UsageError where two tests have one name: xdist knows them by it alone, and would run one of them."""
    shared = [f"{count} × {name}" for name, count in Counter(names).items() if count > 1]
    if shared:
        raise pytest.UsageError("Tests share a name, and xdist would run only one of them:", *shared)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Stop the stores after the last test and after Ctrl-C."""
    if STORES is not None:
        stop_stores(STORES)


def stop_stores(stores: Stores) -> None:
    """Stop the stores and remove their data; done already is fine."""
    stores.stop()
    shutil.rmtree(stores.data_dir, ignore_errors=True)
