"""Codes with PKCE, exchanged by us at a provider that checks everything that one must."""

import secrets
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import UsedNonce, User
from tests.accounts.oidc.people import APPLE, GOOGLE, answered
from tests.accounts.oidc.provider import APPLE as APPLE_ID
from tests.accounts.oidc.provider import GONE, IOS, REDIRECT, WEB, IdentityProvider, write, written
from tests.database import everything_stored

VERIFIER = "a-verifier-of-at-least-forty-three-characters"


def body(code: str, **changes: str) -> dict[str, str]:
    return {"code": code, "code_verifier": VERIFIER, "redirect_uri": REDIRECT, **changes}


def test_a_code_signs_in(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    first, second = (idp.begin(idp.claims(), verifier=VERIFIER) for _ in range(2))

    answers = [anonymous_client.post(GOOGLE, body(code)) for code in (first, second)]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert idp.forms[0] == {
        "grant_type": "authorization_code",
        "code": first,
        "code_verifier": VERIFIER,
        "redirect_uri": REDIRECT,
        "client_id": WEB,
        "client_secret": "the secret of puppies-web",
    }


def test_apple_is_told_a_secret_that_our_key_has_just_signed(
    idp: IdentityProvider, anonymous_client: APIClient
) -> None:
    code = idp.begin(idp.apple_claims(), verifier=VERIFIER, client_id=APPLE_ID)

    response = anonymous_client.post(APPLE, body(code) | {"user": {"name": {"firstName": "Rex"}}})

    # The provider has verified it: see `IdentityProvider.is_client`.
    assert (response.status_code, idp.forms[0]["client_id"]) == (201, APPLE_ID)
    assert User.objects.get().display_name == "Rex"


def test_a_code_is_good_once(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    code = idp.begin(idp.claims(), verifier=VERIFIER)
    anonymous_client.post(GOOGLE, body(code))

    assert answered(anonymous_client.post(GOOGLE, body(code))) == (401, "authorization_code_refused")


def test_a_stolen_code_is_worth_nothing_without_its_verifier(
    idp: IdentityProvider, anonymous_client: APIClient
) -> None:
    code = idp.begin(idp.claims(), verifier=VERIFIER)
    before = everything_stored()

    response = anonymous_client.post(GOOGLE, body(code, code_verifier="t" * 43))

    assert answered(response) == (401, "authorization_code_refused")
    assert everything_stored() == before


@pytest.mark.parametrize(
    "uri", ["https://thief.example.test/", REDIRECT + "/", REDIRECT + "?x=1", "javascript:"]
)
def test_only_our_own_redirects_are_taken(
    idp: IdentityProvider, anonymous_client: APIClient, uri: str
) -> None:
    code = idp.begin(idp.claims(), verifier=VERIFIER)

    response = anonymous_client.post(GOOGLE, body(code, redirect_uri=uri))

    assert answered(response) == (400, "redirect_uri_not_allowed")
    assert (idp.asked, User.objects.count()) == ({}, 0)


def test_a_code_needs_no_nonce_and_uses_up_the_one_that_there_is(
    idp: IdentityProvider, anonymous_client: APIClient
) -> None:
    claims = idp.claims()
    without = idp.begin(idp.claims(nonce=GONE), verifier=VERIFIER)
    code = idp.begin(claims, verifier=VERIFIER)
    token = idp.codes[code].id_token

    answers = [anonymous_client.post(GOOGLE, body(which)) for which in (without, code)]
    replayed = anonymous_client.post(GOOGLE, {"id_token": token, "nonce": claims["nonce"]})

    assert [answer.status_code for answer in answers] == [201, 200]
    assert UsedNonce.objects.count() == 1
    assert answered(replayed) == (401, "nonce_reused")


@pytest.mark.parametrize("claimed", [GONE, "another-nonce-of-the-token"])
def test_a_nonce_that_comes_with_a_code_must_be_the_tokens(
    idp: IdentityProvider, anonymous_client: APIClient, claimed: Any
) -> None:
    nonce = secrets.token_hex(16)
    right = idp.begin(idp.claims(nonce=nonce), verifier=VERIFIER)
    wrong = idp.begin(idp.claims(nonce=claimed), verifier=VERIFIER)

    answers = [anonymous_client.post(GOOGLE, body(code, nonce=nonce)) for code in (right, wrong)]

    assert [answered(answer) for answer in answers] == [(201, ""), (401, "invalid_identity_token")]


@pytest.mark.parametrize("changes", [{"aud": IOS}, {"iss": "https://thief.example.test"}, {"exp": 1}])
def test_the_token_of_a_code_is_verified_like_any(
    idp: IdentityProvider, anonymous_client: APIClient, changes: dict[str, Any]
) -> None:
    code = idp.begin(idp.claims(**changes), verifier=VERIFIER)

    response = anonymous_client.post(GOOGLE, body(code))

    assert answered(response) == (401, "invalid_identity_token")


@pytest.mark.parametrize(
    "answer",
    [
        written(200, {"access_token": "ya29.opaque"}),
        written(200, {"id_token": None}),
        written(200, ["id_token"]),
        written(400, {"error": "unauthorized_client"}),
        written(500, {"error": "invalid_grant"}),
        write(200, b"<html>"),
        write(302, b"{}", Location="http://127.0.0.1:9/"),
    ],
)
def test_an_odd_answer_of_the_provider_is_503(
    idp: IdentityProvider, anonymous_client: APIClient, answer: Any
) -> None:
    idp.answers["/token"] = answer
    before = everything_stored()

    response = anonymous_client.post(GOOGLE, body("a code"))

    assert answered(response) == (503, "provider_unavailable")
    assert int(response["Retry-After"]) >= 1
    assert everything_stored() == before


def test_a_wrong_secret_of_ours_is_503(
    idp: IdentityProvider, anonymous_client: APIClient, settings: Settings
) -> None:
    settings.IDENTITY_PROVIDERS = {"google": idp.google(client_secret="wrong")}
    code = idp.begin(idp.claims(), verifier=VERIFIER)

    assert answered(anonymous_client.post(GOOGLE, body(code))) == (503, "provider_unavailable")
