"""One Puppies for all flow tests of a process, on the stores of the test run."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flows.installation import Installation
from tests.flows.people import Person, register


# First, because xdist looks for the mark in its own.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the flows on one xdist worker, so that the installation starts once."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("flows"))


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    directory = Path(tempfile.mkdtemp(prefix="puppies-flows-"))
    name = f"flows_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    installation = Installation(directory, name=name, environment=os.environ)
    try:
        installation.set_up()
        yield installation
    finally:
        installation.tear_down()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def person(installation: Installation) -> Callable[[str], Person]:
    """Make somebody: `person("author")`."""
    return lambda name: register(installation, name)
