"""The key ring: made once, rotated while processes run, pruned when no token needs a key any more."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from accounts import keys
from accounts.api.tokens import token_pair
from accounts.models import User
from accounts.sessions import open_session
from config.stack.ports import free_port
from tests.threads import run_together

LIFETIME = timedelta(seconds=900)


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """A ring of this test's own."""
    settings.JWT_KEYS_DIR = tmp_path / "keys"
    yield settings.JWT_KEYS_DIR
    keys.directory_at.cache_clear()


def rotate(*options: str) -> dict[str, Any]:
    out = StringIO()
    call_command("rotate_keys", "--json", *options, stdout=out)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def issue(user: User) -> str:
    return str(token_pair(open_session(user=user))["access"])


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def status(token: str) -> int:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return int(client.get("/v1/feed").status_code)


def older(directory: Path, name: str, by: timedelta) -> str:
    """Give the key another beginning, as if it had been made so much earlier."""
    instant = datetime.strptime(name[:22], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC) - by
    renamed = f"{instant:%Y%m%dT%H%M%S%fZ}{name[22:]}"
    (directory / f"{name}.pem").rename(directory / f"{renamed}.pem")
    return renamed


def test_the_first_key_is_made_once_and_is_its_owners_alone(directory: Path) -> None:
    rings = run_together(*[lambda: keys.KeyDirectory(directory).ring()] * 4)

    (name,) = keys.key_names(directory)
    assert {key.kid for ring in rings for key in ring.keys} == {name}
    assert stat.S_IMODE((directory / f"{name}.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert [file.name for file in directory.iterdir() if file.name not in {".lock", f"{name}.pem"}] == []


def test_production_makes_no_key_by_itself(directory: Path, settings: Settings) -> None:
    settings.ENVIRONMENT = "production"

    with pytest.raises(ImproperlyConfigured, match="rotate_keys"):
        keys.ring()

    assert keys.key_names(directory) == []


def test_the_api_of_production_does_not_start_without_keys(directory: Path) -> None:
    environment = os.environ | {
        "ENVIRONMENT": "production", "SECRET_KEY": "0123456789" * 6, "ALLOWED_HOSTS": "a.test", "JWT_KEYS_DIR": str(directory)
    }  # fmt: skip

    def load(**more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "import config.wsgi"], env=environment | more, capture_output=True, text=True, check=False,
        )  # fmt: skip

    without, with_none = (
        load(),
        {name: value for name, value in environment.items() if name != "JWT_KEYS_DIR"},
    )
    unset = subprocess.run(
        [sys.executable, "-c", "import config.wsgi"],
        env=with_none,
        capture_output=True,
        text=True,
        check=False,
    )
    rotate()

    assert (without.returncode, unset.returncode, load().returncode) == (1, 1, 0)
    assert "Type `python manage.py rotate_keys`" in without.stderr
    assert "Set JWT_KEYS_DIR" in unset.stderr


def test_a_new_key_signs_and_the_old_one_verifies(user: User) -> None:
    old = issue(user)

    report = rotate()
    sleep(keys.LOOK_SECONDS)
    new = issue(user)

    assert kid_of(new) == report["made"] != kid_of(old)
    assert [status(old), status(new)] == [200, 200]
    assert report["removed"] == []


def test_a_process_that_has_not_looked_yet_accepts_a_new_key_at_once(user: User, directory: Path) -> None:
    assert status(issue(user)) == 200
    rotate()
    key = keys.KeyDirectory(directory).ring().signing()
    claims = jwt.decode(issue(user), options={"verify_signature": False})

    token = jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid})

    assert kid_of(token) == key.kid
    assert status(token) == 200


def test_an_announced_key_is_published_before_it_signs(user: User, anonymous_client: APIClient) -> None:
    first = kid_of(issue(user))

    report = rotate("--announce", "120")
    sleep(keys.LOOK_SECONDS)

    published = [key["kid"] for key in anonymous_client.get("/.well-known/jwks.json").json()["keys"]]
    assert published == [first, report["made"]]
    assert kid_of(issue(user)) == first


@pytest.mark.parametrize(
    ("superseded_ago", "is_kept"),
    [(timedelta(), True), (LIFETIME, True), (LIFETIME + timedelta(minutes=2), False)],
)
def test_a_key_is_removed_when_its_last_token_has_expired(
    directory: Path, superseded_ago: timedelta, is_kept: bool
) -> None:
    first = older(directory, rotate()["made"], timedelta(days=2))
    second = older(directory, rotate()["made"], superseded_ago)

    verifying = {key.kid for key in keys.KeyDirectory(directory).ring().verifying()}
    report = rotate()

    assert (first in verifying) is is_kept
    assert report["removed"] == ([] if is_kept else [first])
    assert second in report["keys"]


def test_after_a_theft_no_older_token_is_good_and_refreshing_is(user: User) -> None:
    grant = open_session(user=user)
    old = token_pair(grant)["access"]
    assert status(old) == 200

    report = rotate("--compromised")
    sleep(keys.LOOK_SECONDS)
    new = APIClient().post("/v1/auth/token/refresh", {"refresh": grant.refresh}).json()["access"]

    assert report["keys"] == [report["made"]]
    assert report["removed"] == [kid_of(old)]
    assert [status(old), status(new)] == [401, 200]


def test_a_dry_run_and_a_ring_that_is_there_change_nothing(directory: Path) -> None:
    made = rotate("--if-missing")["made"]

    assert rotate("--if-missing") == {"made": None, "removed": [], "keys": [made]}
    assert rotate("--dry-run") == {"made": None, "removed": [], "keys": [made]}
    assert keys.key_names(directory) == [made]


def test_the_command_speaks_to_people(directory: Path) -> None:
    out = StringIO()

    call_command("rotate_keys", stdout=out)

    (name,) = keys.key_names(directory)
    assert out.getvalue().strip() == f"Made {name}. Keys: {name}."


def test_a_command_that_cannot_do_it_says_so(directory: Path) -> None:
    directory.parent.mkdir(exist_ok=True)
    directory.write_text("a file where the folder should be")

    with pytest.raises(CommandError, match="were not changed"):
        rotate()


def test_a_ring_that_breaks_stays_as_it_was(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = keys.KeyDirectory(directory)
    ring = source.ring()

    (directory / "20260101T000000000000Z-00000000.pem").write_text("no key")

    assert source.ring(at_once=True) is ring
    assert "keys_not_read" in caplog.text


def test_only_rsa_keys_are_taken(directory: Path) -> None:
    directory.mkdir()
    other = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / "20260101T000000000000Z-00000000.pem").write_bytes(other)

    with pytest.raises(ImproperlyConfigured, match="no RSA key"):
        keys.KeyDirectory(directory).ring()


def test_the_published_keys_verify_a_token_and_tell_no_secret(
    user: User, anonymous_client: APIClient
) -> None:
    token = issue(user)

    answer = anonymous_client.get("/.well-known/jwks.json")

    (key,) = answer.json()["keys"]
    claims = jwt.decode(
        token,
        jwt.PyJWK(key),
        algorithms=["RS256"],
        audience="puppies",
        issuer="puppies",
        options={"require": ["exp", "sid"]},
    )
    assert claims["sub"] == str(user.id)
    assert claims["exp"] - claims["iat"] == settings.ACCESS_TOKEN_SECONDS
    assert set(key) == {"kid", "use", "alg", "kty", "n", "e"}
    assert answer["Cache-Control"] == "public, max-age=60"


@pytest.mark.django_db(transaction=True)
def test_a_running_api_takes_a_new_key_up_without_a_restart(directory: Path, tmp_path: Path) -> None:
    rotate()
    port = free_port()
    environment = os.environ | {"JWT_KEYS_DIR": str(directory), "PORT": str(port)}
    words = [
        sys.executable,
        "-m",
        "granian",
        "--interface=wsgi",
        "--host=127.0.0.1",
        f"--port={port}",
        "config.wsgi:application",
    ]
    with (tmp_path / "api.log").open("w") as log:
        api = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
    try:
        first = published_by(port, least=1)
        made = rotate()["made"]
        began = monotonic()
        second = published_by(port, least=2)
    finally:
        api.terminate()
        api.wait(timeout=10)

    assert second == [*first, made]
    assert monotonic() - began < 5


def published_by(port: int, *, least: int) -> list[str]:
    """The names of the keys that the API publishes, once there are so many."""
    until = monotonic() + 20
    while monotonic() < until:
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/.well-known/jwks.json", timeout=2).json()
        except (requests.RequestException, ValueError):
            answer = {"keys": []}
        if len(answer["keys"]) >= least:
            return [key["kid"] for key in answer["keys"]]
        sleep(0.1)
    raise AssertionError(f"The API published fewer than {least} keys within 20 s.")
