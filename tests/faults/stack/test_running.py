"""What `make up` promises while it runs: parts that are killed come back, everybody is told the truth."""

import json
import re
import subprocess

import pytest

from config.stack.ports import HOST
from config.stack.programs import ROOT
from tests.faults.stack.conftest import System


@pytest.mark.parametrize(
    "name",
    ["api", "relay", "worker-fanout", "beat", "identity-provider", "valkey", "kafka", "postgres", "s3"],
)
def test_a_killed_part_runs_again(running: System, name: str) -> None:
    before = running.part(name).restarts
    killed = running.kill(name)

    running.until(
        lambda: (
            (part := running.part(name)).state == "running"
            and part.process is not None
            and part.process.pid != killed
        ),
        seconds=30,
    )
    running.until(running.answers, seconds=15)

    assert running.part(name).restarts == before + 1


def test_periodic_work_meets_a_lost_database_without_a_traceback(running: System) -> None:
    log = running.data_dir / "logs" / "worker-counters.log"

    # Nobody starts the database again until a task has missed it.
    with running.frozen():
        killed = running.kill("postgres")
        running.until(
            lambda: "task_without_database task=interactions.drain_ledger" in log.read_text(), seconds=30
        )
    running.until(
        lambda: (process := running.part("postgres").process) is not None and process.pid != killed,
        seconds=30,
    )
    running.until(running.answers, seconds=15)

    assert "Traceback" not in log.read_text()


def test_each_migration_is_printed_on_one_line(running: System) -> None:
    applied = [line for line in running.printed().splitlines() if "Applying " in line]

    assert len(applied) > 10
    assert [line for line in applied if not line.endswith("... OK")] == []


def test_after_all_that_the_demo_reader_still_gets_a_feed(running: System) -> None:
    line = next(line for line in running.printed().splitlines() if "curl -s" in line)

    shown = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, check=True, timeout=20
    ).stdout

    page = json.loads(shown)
    assert page["source"] == "home"
    assert page["results"]


def test_the_walk_of_signing_in_with_google_works_as_it_is_written(running: System) -> None:
    page = (ROOT / "docs" / "development.md").read_text()
    section = page.partition("## Signing in with Google and Apple")[2].partition("\n## ")[0]
    by_token, _, by_code, _ = re.findall(r"^```\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    provider = running.part("identity-provider").port
    walk = f"{by_token}echo\n{by_code}".replace("127.0.0.1:8000", f"127.0.0.1:{running.port}")

    shown = subprocess.run(
        ["bash", "-c", walk.replace("127.0.0.1:58480", f"127.0.0.1:{provider}")],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    ).stdout

    assert [set(json.loads(line)) for line in shown.replace("}{", "}\n{").split("\n") if line] == [
        {"access", "refresh", "token_type", "expires_in"}
    ] * 2


def test_a_second_up_says_where_the_first_answers_and_fails(running: System) -> None:
    second = running.command("up")

    assert second.returncode != 0
    assert "Puppies runs already" in second.stderr
    assert f"http://{HOST}:{running.port}/v1" in second.stderr


def test_an_up_on_other_data_is_told_that_the_port_is_taken(running: System, new_system: System) -> None:
    new_system.port = running.port

    second = new_system.command("up")

    assert second.returncode != 0
    assert f"Port {running.port} on {HOST} is taken" in second.stderr
    advised = re.search(r"PORT=(\d+) make up", second.stderr)
    assert advised
    assert int(advised[1]) != running.port


def test_running_data_is_not_wiped(running: System) -> None:
    wiped = running.command("wipe", "--yes")

    assert wiped.returncode != 0
    assert "Type `make down` first" in wiped.stderr
    assert running.answers()


def test_the_doctor_finds_everything_well(running: System) -> None:
    seen = running.command("doctor", "--json")

    assert [finding for finding in json.loads(seen.stdout) if not finding["is_good"]] == []
    assert seen.returncode == 0


def test_status_and_logs_show_each_part(running: System) -> None:
    parts = running.status()
    logs = running.command("logs", "relay")

    assert {part["state"] for part in parts} == {"running"}
    assert all(part["pid"] for part in parts)
    assert "relay_ready" in logs.stdout
