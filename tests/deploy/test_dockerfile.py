"""The Dockerfile: lint, an unprivileged user, pinned packages, and the API started as `make up` starts it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from config.stack.programs import Roles

ROOT = Path(settings.BASE_DIR)
HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """Each instruction and its words, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, words) for name, _, words in (line.partition(" ") for line in lines)]


def last(instructions: list[tuple[str, str]], wanted: str) -> str:
    return [words for name, words in instructions if name == wanted][-1]


def test_hadolint_has_no_remark() -> None:
    answer = subprocess.run(
        [HADOLINT, "--config", ROOT / ".hadolint.yaml", ROOT / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_the_image_runs_as_a_numeric_user_that_is_not_root(instructions: list[tuple[str, str]]) -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last(instructions, "USER"))


def test_every_stage_names_the_minor_version_of_python(instructions: list[tuple[str, str]]) -> None:
    bases = [words.split()[0] for name, words in instructions if name == "FROM"]

    assert len(bases) == 2
    assert set(bases) == {"python:3.12-slim-trixie"}


def test_packages_are_installed_by_their_hashes(instructions: list[tuple[str, str]]) -> None:
    installs = [words for name, words in instructions if name == "RUN" and "pip install" in words]

    assert len(installs) == 1
    assert "--require-hashes --requirement /tmp/base.txt" in installs[0]


def test_the_image_says_production(instructions: list[tuple[str, str]]) -> None:
    assert "ENVIRONMENT=production" in last(instructions, "ENV")


def test_the_api_is_started_as_make_up_starts_it(instructions: list[tuple[str, str]], tmp_path: Path) -> None:
    roles = Roles(data_dir=tmp_path, port=8000, environment={}, web_workers=2, concurrency=4)
    words = roles.api().command()
    expected = words[words.index("granian") :]
    shell, option, command = json.loads(last(instructions, "CMD"))

    assert (shell, option) == ("sh", "-c")
    other = {
        "--host=127.0.0.1": "--host=0.0.0.0",
        "--workers=2": "--workers=${WEB_WORKERS:-2}",
        "--backpressure=256": "--backpressure=${WEB_CONNECTIONS:-256}",
    }
    assert command.removeprefix("exec ").split() == [other.get(word, word) for word in expected]


def test_the_image_gets_the_program_and_nothing_else() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    apps = {app for app in settings.INSTALLED_APPS if (ROOT / app).is_dir()}

    assert kept == apps | {"manage.py", "requirements/base.txt", "deploy/healthcheck.py"}
