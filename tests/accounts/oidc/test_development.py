"""The provider that `make up` starts, and the settings that make Puppies believe it."""

import secrets
from collections.abc import Iterator

import pytest
import requests
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from accounts.oidc.jwks import keys_at
from accounts.oidc.providers import ClientKey, Provider
from config.stack import identities
from config.stack.ports import free_port
from config.stack.programs import Roles
from tests.accounts.oidc.people import answered
from tests.accounts.oidc.provider import challenge_of

API_PORT = 8_000
VERIFIER = "v" * 43


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where the provider listens, started as `make up` starts it."""
    directory, chosen = tmp_path_factory.mktemp("provider"), free_port()
    (directory / "logs").mkdir()
    roles = Roles(data_dir=directory, port=API_PORT, environment={}, web_workers=1, concurrency=1)
    program = roles.identity_provider(chosen)
    program.start()
    try:
        program.wait_ready()
        yield chosen
    finally:
        program.stop()


@pytest.fixture
def believed(settings: Settings, port: int) -> dict[str, str]:
    """The variables of `make up`, as config.settings.oidc reads them."""
    keys_at.cache_clear()
    given = identities.environment(port, api_port=API_PORT)
    settings.IDENTITY_PROVIDERS = {name.lower(): provider_from(given, name) for name in identities.CLIENTS}
    return given


def provider_from(given: dict[str, str], name: str) -> Provider:
    return Provider(
        name=name.lower(),
        issuers=(given[f"{name}_ISSUERS"],),
        jwks_url=given[f"{name}_JWKS_URL"],
        token_url=given[f"{name}_TOKEN_URL"],
        client_ids=(given[f"{name}_CLIENT_IDS"],),
        redirect_uris=(given[f"{name}_REDIRECT_URIS"],),
        client_secret=given[f"{name}_CLIENT_SECRET"] if name == "GOOGLE" else "",
        client_key=ClientKey("T", "K", given["APPLE_PRIVATE_KEY"]) if name == "APPLE" else None,
    )


def code_of(port: int, *, client_id: str, nonce: str, person: str) -> str:
    """What the browser is sent back with when the person signs in at the provider."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": identities.redirect_uri(API_PORT),
        "scope": "openid email profile",
        "nonce": nonce,
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    sent_back = requests.post(
        f"{identities.address(port)}/oauth2/authorize",
        params=query,
        data={"sub": person},
        allow_redirects=False,
        timeout=10,
    )
    return sent_back.headers["Location"].partition("code=")[2]


@pytest.mark.parametrize("name", ["google", "apple"])
def test_a_code_signs_in(believed: dict[str, str], port: int, anonymous_client: APIClient, name: str) -> None:
    code = code_of(
        port, client_id=identities.CLIENTS[name.upper()], nonce=secrets.token_hex(16), person="spot"
    )

    response = anonymous_client.post(
        f"/v1/auth/oauth/{name}",
        {"code": code, "code_verifier": VERIFIER, "redirect_uri": identities.redirect_uri(API_PORT)},
    )

    assert answered(response) == (201, "")
    assert User.objects.get().email == "spot@example.org"


def test_an_identity_token_signs_in_once_and_only_as_its_own_client(
    believed: dict[str, str], port: int, anonymous_client: APIClient
) -> None:
    nonce = secrets.token_hex(16)
    form = {
        "grant_type": "authorization_code",
        "code": code_of(port, client_id="puppies-google", nonce=nonce, person="daisy"),
        "client_id": "puppies-google",
        "client_secret": "any",
        "redirect_uri": identities.redirect_uri(API_PORT),
    }
    tokens = requests.post(believed["GOOGLE_TOKEN_URL"], data=form, timeout=10).json()
    body = {"id_token": tokens["id_token"], "nonce": nonce}

    answers = [
        anonymous_client.post(f"/v1/auth/oauth/{name}", body) for name in ("apple", "google", "google")
    ]
    by_access_token = anonymous_client.post(
        "/v1/auth/oauth/google", {"id_token": tokens["access_token"], "nonce": nonce}
    )

    assert [answered(answer) for answer in answers] == [
        (401, "invalid_identity_token"),
        (201, ""),
        (401, "nonce_reused"),
    ]
    assert answered(by_access_token) == (401, "invalid_identity_token")
