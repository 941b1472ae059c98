"""The plugin itself: each process of a run meets real stores under names of its own."""

import os

import pytest

from tests.plugin import refuse_shared_names, set_environment


def test_workers_take_prefixes_of_their_own() -> None:
    first, second = {"PYTEST_XDIST_WORKER": "gw0"}, {"PYTEST_XDIST_WORKER": "gw1"}

    set_environment(first, None)
    set_environment(second, None)

    assert (first["KAFKA_PREFIX"], second["KAFKA_PREFIX"]) == ("gw0.", "gw1.")
    assert (first["REDIS_PREFIX"], second["REDIS_PREFIX"]) == ("gw0.", "gw1.")


@pytest.mark.parametrize("variable", ["DATABASE_URL", "REDIS_URL", "KAFKA_BOOTSTRAP", "S3_ENDPOINT"])
def test_every_store_is_named_in_the_environment(variable: str) -> None:
    assert "127.0.0.1:" in os.environ[variable] or "DATA_DIR" not in os.environ


def test_tests_that_share_a_name_are_refused() -> None:
    refuse_shared_names(["a.py::one", "a.py::two", "b.py::one"])

    with pytest.raises(pytest.UsageError) as refused:
        refuse_shared_names(["a.py::one", "a.py::two", "a.py::one"])

    assert refused.value.args[1:] == ("2 × a.py::one",)
