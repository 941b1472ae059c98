"""`manage.py verify --probe` on a whole running system."""

import json

from tests.flows.installation import Installation

LEFT = "SELECT count(*) FROM accounts_user WHERE email LIKE '%@probe.invalid'"
PROMISES = {f"I{number}" for number in range(1, 9)}


def test_every_promise_holds_on_a_running_system(installation: Installation) -> None:
    report = json.loads(installation.manage("verify", "--probe", "--json", "--limit=100"))

    assert report["ok"] is True
    assert {check["promise"] for check in report["checks"]} == PROMISES
    assert [check["name"] for check in report["checks"] if check["not_checked"]] == []
    assert installation.value(LEFT) == 0


def test_a_system_without_workers_is_found_out(installation: Installation) -> None:
    installation.worker.kill()
    try:
        told = installation.manage(
            "verify", "--probe", "--json", "--only=I1,I7", "--grace=2", is_refused=True
        )
    finally:
        installation.start(installation.worker)

    broken = {check["name"]: check["findings"] for check in json.loads(told)["checks"] if check["broken"]}
    assert set(broken) >= {"the probe's work is done within 30 s", "the probe's accounts are gone"}
    # What the probe left is erased as soon as somebody works.
    installation.wait_until(
        lambda: installation.value(LEFT) == 0, seconds=40, what="the probe's accounts are gone"
    )
