"""The installation itself: one for all flows."""

import pytest


def test_one_worker_has_all_the_flows(request: pytest.FixtureRequest) -> None:
    is_grouped = request.config.getoption("loadgroup", default=False)

    assert request.node.nodeid.endswith("@flows") == is_grouped
