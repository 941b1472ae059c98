"""Which identity providers the environment describes, read by processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from django.conf import settings

from config.stack import identities
from tests.accounts.oidc.provider import private_pem
from tests.config.test_edge_settings import PRODUCTION

SHOW = """
from django.conf import settings
for provider in settings.IDENTITY_PROVIDERS.values():
    print(provider.name, *provider.issuers, provider.jwks_url, provider.token_url, *provider.client_ids, bool(provider.client_key))
"""
HTTPS = "must be https in production"
APPLE = {"APPLE_CLIENT_IDS": "org.example.puppies", "APPLE_REDIRECT_URIS": "https://app.example.test/"}


def shown(given: dict[str, str], data_dir: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", SHOW],
        env={**os.environ, "DATA_DIR": str(data_dir), **given},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_client_ids_everything_is_known_but_nothing_on(tmp_path: Path) -> None:
    certs = "https://www.googleapis.com/oauth2/v3/certs"

    done = shown(PRODUCTION, tmp_path)

    assert done.stdout.splitlines() == [
        f"google https://accounts.google.com accounts.google.com {certs} https://oauth2.googleapis.com/token False",
        "apple https://appleid.apple.com https://appleid.apple.com/auth/keys https://appleid.apple.com/auth/token False",
    ], done.stderr


def test_make_up_gives_what_the_settings_read(tmp_path: Path) -> None:
    done = shown(identities.environment(1, api_port=2), tmp_path)

    base = "http://127.0.0.1:1"
    assert done.stdout.splitlines() == [
        f"google {base} {base}/jwks {base}/oauth2/token puppies-google False",
        f"apple {base} {base}/jwks {base}/oauth2/token puppies-apple True",
    ], done.stderr


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"GOOGLE_ISSUERS": "https://accounts.google.com,http://accounts.google.com"}, f"Google {HTTPS}"),
        ({"GOOGLE_JWKS_URL": "http://127.0.0.1/jwks"}, f"Google {HTTPS}"),
        ({"GOOGLE_TOKEN_URL": "oauth2.googleapis.com/token"}, f"Google {HTTPS}"),
        ({"GOOGLE_REDIRECT_URIS": "http://app.example.test/"}, f"Google {HTTPS}"),
        ({"APPLE_ISSUERS": "http://appleid.apple.com"}, f"Apple {HTTPS}"),
        (APPLE, "APPLE_REDIRECT_URIS needs APPLE_TEAM_ID, APPLE_KEY_ID and APPLE_PRIVATE_KEY"),
        ({"APPLE_PRIVATE_KEY": "a key"}, "APPLE_PRIVATE_KEY must be a private key of P-256"),
    ],
)
def test_production_refuses_what_is_not_safe(given: dict[str, str], says: str, tmp_path: Path) -> None:
    done = shown(PRODUCTION | given, tmp_path)

    assert done.returncode != 0
    assert says in done.stderr


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    done = shown({"APPLE_PRIVATE_KEY": private_pem(generate_private_key(65_537, 2_048))}, tmp_path)

    assert "APPLE_PRIVATE_KEY must be a private key of P-256" in done.stderr


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, True),
        ({"GOOGLE_CLIENT_IDS": ""}, True),
        ({"GOOGLE_CLIENT_IDS": "ours"}, False),
        ({"APPLE_CLIENT_IDS_FILE": "/run/secrets/apple"}, False),
        ({"ENVIRONMENT": "production"}, False),
    ],
)
def test_make_up_starts_no_provider_beside_a_real_one(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], wanted: bool
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    assert identities.is_wanted() == wanted
