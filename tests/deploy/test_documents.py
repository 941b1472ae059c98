"""What the documents promise holds: the README's tour runs as pasted, and what they name exists."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from prometheus_client import Counter, Gauge
from pytest_django.live_server_helper import LiveServer

from config.seeding import seed_demo_network
from config.verification.all import PROMISES
from puppies.kafka import metrics
from puppies.outbox.metrics import MEANINGS

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SIGN_IN = 1
NAMES = [str(document.relative_to(ROOT)) for document in DOCUMENTS]


@pytest.fixture(params=DOCUMENTS, ids=NAMES)
def document(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def blocks(text: str) -> list[str]:
    """The contents of the fenced blocks."""
    return re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def tour() -> list[str]:
    """The commands of the README's tour, as pasted: register, sign in instead, and the four other steps."""
    text = (ROOT / "README.md").read_text()
    steps = text[text.index("## Five steps") : text.index("## How it works")]
    return [block for block in blocks(steps) if "curl" in block]


def run_tour(url: str, *, without: int | None = None) -> list[str]:
    """What each block of the tour printed, pasted into one shell; `without` leaves out the block of that index."""
    pasted = [block for number, block in enumerate(tour()) if number != without]
    return answers("\necho; echo --next--\n".join(pasted).replace("http://127.0.0.1:8000", url))


def answers(script: str) -> list[str]:
    """Run the script in a plain shell, stopping at the first failure; what each step printed."""
    done = subprocess.run(["sh", "-e", "-c", script], capture_output=True, text=True, check=True)
    return [answer.strip() for answer in done.stdout.split("--next--\n")]


@pytest.mark.django_db(transaction=True)
def test_the_tour_of_the_readme_works_as_pasted(live_server: LiveServer) -> None:
    seed_demo_network()

    registered, followed, posted, liked, feed = run_tour(live_server.url, without=SIGN_IN)

    assert '"username":"fido"' in registered
    assert '"access":"' in registered
    assert '"refresh":"' in registered
    assert '"following":true' in followed
    assert '"content":"First day here. Sniffed everything."' in posted
    assert '"liked":true' in liked
    assert re.findall(r'"username":"(\w+)"', feed) == ["fido", "bella"]
    assert '"source":"home"' in feed


@pytest.mark.django_db(transaction=True)
def test_the_tour_works_a_second_time_by_signing_in(live_server: LiveServer) -> None:
    seed_demo_network()
    run_tour(live_server.url, without=SIGN_IN)

    registered, signed_in, followed, posted, liked, feed = run_tour(live_server.url)

    assert '"code":"username_taken"' in registered
    assert '"access":"' in signed_in
    assert '"following":true' in followed
    assert '"content":"First day here. Sniffed everything."' in posted
    assert '"liked":true' in liked
    assert re.findall(r'"username":"(\w+)"', feed) == ["fido", "fido"]


def test_the_tour_has_five_steps_and_a_way_to_sign_in_again() -> None:
    steps = re.findall(r"^\*\*(\d)\. ", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert steps == ["1", "2", "3", "4", "5"]
    assert ["/auth/token" in block for block in tour()] == [number == SIGN_IN for number in range(6)]


def test_every_promise_that_verify_prints_is_explained() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    explained = set(re.findall(r"^\| (I\d) \|", text, re.MULTILINE))

    assert explained == set(PROMISES)


def test_commands_of_operations_are_typed_as_written() -> None:
    blocks_of_commands = blocks((ROOT / "docs/operations.md").read_text())
    lines = [line for block in blocks_of_commands for line in block.splitlines() if "manage.py" in line]

    assert len(lines) >= 10
    assert [line for line in lines if not line.startswith(".venv/bin/python manage.py ")] == []


def test_links_lead_to_files_that_are_there(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())

    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_commands_that_are_named_exist(document: Path) -> None:
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^|=\S+ )make ([a-z-]+)", text, re.MULTILINE))
    commands = set(re.findall(r"manage\.py ([a-z_]+)", text))

    assert named - targets == set()
    assert commands - {*get_commands(), "help"} == set()


def test_variables_that_are_named_exist(document: Path) -> None:
    known = (ROOT / "docs/settings.md").read_text()
    prefixes = (
        r"(?:DATABASE|DELIVERY|KAFKA|HEALTH|RELAY|S3|WEB|WORKER|METRICS|LOG|API|ANALYTICS)_[A-Z_]*[A-Z]"
    )
    named = set(re.findall(rf"`({prefixes})[`=]", document.read_text()))

    assert [name for name in sorted(named) if f"`{name}`" not in known] == []


def test_metrics_that_are_named_exist() -> None:
    known = {name for name, _ in MEANINGS} | set(transport_metrics())
    named = set(
        re.findall(r"`(puppies_(?:kafka|deliveries|ledger)_\w+)`", (ROOT / "docs/operations.md").read_text())
    )

    assert len(named) >= 5
    assert named - known == set()


def transport_metrics() -> Iterator[str]:
    """The names under which Prometheus sees the transport's metrics."""
    for metric in vars(metrics).values():
        if isinstance(metric, Counter | Gauge):
            ending = "_total" if isinstance(metric, Counter) else ""
            yield from (f"{family.name}{ending}" for family in metric.describe())


def test_the_table_of_queues_is_what_the_routes_say() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `([\w.]+)`", text, re.MULTILINE)

    assert {(task, queue) for queue, task in rows} >= {
        (task, route["queue"]) for task, route in settings.CELERY_TASK_ROUTES.items()
    }


def rows_of_security() -> list[str]:
    """The rows of both tables of the page about security."""
    lines = (ROOT / "docs/security.md").read_text().splitlines()
    return [line for line in lines if re.match(r"\| (API|V)\d", line)]


def functions_of(path: Path) -> set[str]:
    """The names of the test functions of a module; none when there is no such module."""
    tree = ast.parse(path.read_text()) if path.exists() else ast.Module([], [])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_test_that_is_named_exists(document: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", document.read_text())

    assert [f"{path}::{name}" for path, name in named if name not in functions_of(ROOT / path)] == []


def test_every_protection_names_a_test() -> None:
    assert [row for row in rows_of_security() if not re.search(r"`tests/[\w/]+\.py::test_\w+`", row)] == []


def test_all_ten_risks_are_answered_once() -> None:
    risks = [match[1] for row in rows_of_security() if (match := re.match(r"\| API(\d+) ", row))]

    assert risks == [str(number) for number in range(1, 11)]


def test_no_requirement_is_both_met_and_not() -> None:
    text = (ROOT / "docs/security.md").read_text()
    met = [name for row in rows_of_security() for name in re.findall(r"V\d+\.\d+\.\d+", row.split("|")[1])]
    missing = re.findall(r"V\d+\.\d+\.\d+", text.partition("## What is not protected")[2])

    assert len(met) >= 60
    assert [name for name in met if met.count(name) > 1] == []
    assert set(met) & set(missing) == set()
