from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from accounts.deletion import request_deletion
from accounts.models import Session, UsedNonce, User
from accounts.roles import OPERATOR, suspend_user
from accounts.services import register_user
from tests.accounts.oidc.people import (
    APPLE,
    GOOGLE,
    answered,
    audited,
    client_of,
    identities,
    linked_user,
    sessions,
)
from tests.accounts.oidc.provider import GONE, IdentityProvider
from tests.database import everything_stored
from tests.factories import PASSWORD, UserFactory


def test_the_first_time_makes_an_account_and_the_next_finds_it(
    idp: IdentityProvider, anonymous_client: APIClient
) -> None:
    first = anonymous_client.post(GOOGLE, idp.body(), headers={"User-Agent": "Kennel/1.0"})
    second = anonymous_client.post(GOOGLE, idp.body())

    user = User.objects.get()
    assert (first.status_code, second.status_code) == (201, 200)
    assert set(first.json()) == set(second.json()) == {"access", "refresh", "token_type", "expires_in"}
    assert first["Cache-Control"] == "no-store"
    assert (user.username, user.display_name, user.email) == ("rex_barker", "Rex Barker", "rex@example.test")
    assert user.email_verified_at is not None
    assert not user.has_usable_password()
    assert identities() == [("google", "1080", "rex_barker")]
    assert Session.objects.order_by("id")[0].device == "Kennel/1.0"
    assert client_of(first.json()["access"]).get("/v1/users/me").json()["username"] == "rex_barker"
    assert audited() == [
        ("signed_up", {"method": "google"}),
        ("signed_in", {"method": "google"}),
        ("signed_in", {"method": "google"}),
    ]


def test_an_identity_is_provider_and_subject_whatever_the_address(
    idp: IdentityProvider, anonymous_client: APIClient
) -> None:
    anonymous_client.post(GOOGLE, idp.body())

    moved = anonymous_client.post(GOOGLE, idp.body(email="rex.barker@example.test"))
    unknown = anonymous_client.post(GOOGLE, idp.body(email=GONE, email_verified=GONE))
    apple = anonymous_client.post(APPLE, idp.apple_body(email="rex@apple.example.test"))

    assert [answer.status_code for answer in (moved, unknown, apple)] == [200, 200, 201]
    assert User.objects.get(username="rex_barker").email == "rex@example.test"
    assert [row[:2] for row in identities()] == [("google", "1080"), ("apple", "1080")]


def test_apples_name_comes_once_and_is_kept(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    name = {"firstName": "Bella", "lastName": "Bärker"}

    first = anonymous_client.post(
        APPLE, idp.apple_body() | {"user": {"name": name, "email": "boss@example.test"}}
    )
    second = anonymous_client.post(APPLE, idp.apple_body(email=GONE, email_verified=GONE))

    user = User.objects.get()
    assert (first.status_code, second.status_code) == (201, 200)
    assert (user.username, user.display_name, user.email) == (
        "bella_barker",
        "Bella Bärker",
        "rex@example.test",
    )


@pytest.mark.parametrize(
    ("user", "display_name"),
    [
        ({}, ""),
        ({"name": {}}, ""),
        ({"name": {"firstName": None, "lastName": "Dog"}}, "Dog"),
        ({"name": {"firstName": "", "lastName": ""}}, ""),
        ({"name": {"firstName": "B" * 100}}, "B" * 50),
        ({"name": {"firstName": "Be\nlla", "lastName": "\u202eDog"}}, "Be lla \u202eDog"),
    ],
)
def test_apples_name_may_be_anything(
    idp: IdentityProvider, anonymous_client: APIClient, user: dict[str, Any], display_name: str
) -> None:
    response = anonymous_client.post(APPLE, idp.apple_body() | {"user": user})

    assert response.status_code == 201
    assert User.objects.get().display_name == display_name


def test_a_relay_address_works_and_names_nobody(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    response = anonymous_client.post(APPLE, idp.apple_body(email="x7k2m9@privaterelay.appleid.com"))

    user = User.objects.get()
    assert (response.status_code, user.email) == (201, "x7k2m9@privaterelay.appleid.com")
    assert user.username == "puppy"


def test_an_equal_address_never_links_by_itself(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    register_user(username="bella", email="Rex@Example.test", password=PASSWORD)
    before = everything_stored()

    response = anonymous_client.post(GOOGLE, idp.body())

    assert answered(response) == (409, "link_required")
    assert everything_stored() == before


def test_a_new_account_needs_an_address(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    before = everything_stored()

    response = anonymous_client.post(GOOGLE, idp.body(email=GONE))

    assert answered(response) == (401, "email_missing")
    assert everything_stored() == before


def test_a_suspended_account_cannot_be_signed_in_to(
    idp: IdentityProvider, anonymous_client: APIClient
) -> None:
    suspend_user(actor_id=OPERATOR, user_id=linked_user().id)
    before = everything_stored()

    response = anonymous_client.post(GOOGLE, idp.body())

    assert answered(response) == (401, "account_not_active")
    assert everything_stored() == before


def test_signing_in_brings_a_deleted_account_back(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    user = linked_user()
    request_deletion(user_id=user.id)

    response = anonymous_client.post(GOOGLE, idp.body())

    user.refresh_from_db()
    assert (response.status_code, user.state, user.delete_after) == (200, User.State.ACTIVE, None)


def test_an_account_that_is_being_erased_stays_away(
    idp: IdentityProvider, anonymous_client: APIClient
) -> None:
    linked_user(state=User.State.PURGING)

    assert answered(anonymous_client.post(GOOGLE, idp.body())) == (401, "account_not_active")


def test_two_of_one_name_get_different_usernames(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    UserFactory.create(username="rex_barker")

    answers = [
        anonymous_client.post(GOOGLE, idp.body(sub=sub, email=f"{sub}@example.test")) for sub in ("1", "2")
    ]

    names = list(User.objects.order_by("id").values_list("username", flat=True))
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len(set(names)) == 3
    assert all(name.startswith("rex_barker") for name in names)


@pytest.mark.parametrize("provider", ["google", "apple"])
def test_a_provider_without_client_ids_is_off(
    idp: IdentityProvider, anonymous_client: APIClient, settings: Settings, provider: str
) -> None:
    settings.IDENTITY_PROVIDERS = {
        "google": idp.google(client_ids=()),
        "apple": idp.apple(client_ids=()),
    }

    response = anonymous_client.post(f"/v1/auth/oauth/{provider}", idp.body())

    assert answered(response) == (404, "provider_off")
    assert idp.asked == {}


@pytest.mark.parametrize("provider", ["facebook", "Google", "google%00", "..", "x" * 3_000])
def test_an_unknown_provider_is_not_there(
    idp: IdentityProvider, anonymous_client: APIClient, provider: str
) -> None:
    response = anonymous_client.post(f"/v1/auth/oauth/{provider}", idp.body())

    assert answered(response) == (404, "not_found")


TOKEN = {"id_token": "x", "nonce": "0123456789abcdef"}
CODE = {"code": "x", "code_verifier": "v" * 43, "redirect_uri": "https://app.example.test/"}


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({}, {("/id_token", "required"), ("/nonce", "required")}),
        ({"id_token": "x"}, {("/nonce", "required")}),
        ({"nonce": "0123456789abcdef"}, {("/id_token", "required")}),
        (TOKEN | {"nonce": "short"}, {("/nonce", "min_length")}),
        (TOKEN | {"nonce": "n" * 256}, {("/nonce", "max_length")}),
        (TOKEN | {"nonce": 1234567890123456}, {("/nonce", "invalid")}),
        (TOKEN | {"id_token": None}, {("/id_token", "null")}),
        (TOKEN | {"id_token": {}}, {("/id_token", "invalid")}),
        (TOKEN | {"id_token": "x" * 65_537}, {("/id_token", "max_length")}),
        (TOKEN | {"access_token": "ya29.x"}, {("/access_token", "unknown_field")}),
        (TOKEN | {"user": {}}, {("/user", "unknown_field")}),
        (TOKEN | {"code_verifier": "v" * 43}, {("/code_verifier", "not_allowed")}),
        (CODE | {"id_token": "x"}, {("/id_token", "not_allowed")}),
        ({"code": "x"}, {("/code_verifier", "required"), ("/redirect_uri", "required")}),
        (CODE | {"code_verifier": "v" * 42}, {("/code_verifier", "form")}),
        (CODE | {"code_verifier": "v" * 129}, {("/code_verifier", "form")}),
        (CODE | {"code_verifier": "v" * 43 + "+"}, {("/code_verifier", "form")}),
        (CODE | {"code_verifier": 7}, {("/code_verifier", "invalid")}),
        (CODE | {"code": "x" * 2_049}, {("/code", "max_length")}),
    ],
)
def test_a_body_that_proves_nothing_is_refused(
    idp: IdentityProvider, anonymous_client: APIClient, body: dict[str, Any], problems: set[tuple[str, str]]
) -> None:
    response = anonymous_client.post(GOOGLE, body)

    assert answered(response) == (400, "validation_failed")
    assert {(row["pointer"], row["code"]) for row in response.json()["errors"]} == problems
    assert idp.asked == {}


def test_the_body_of_apple_is_strict_within_its_user(
    idp: IdentityProvider, anonymous_client: APIClient
) -> None:
    response = anonymous_client.post(APPLE, TOKEN | {"user": {"name": {"nick": "x"}, "age": 3}})

    assert response.status_code == 400
    assert {row["code"] for row in response.json()["errors"]} == {"unknown_field"}


def test_what_signing_in_costs(
    idp: IdentityProvider,
    anonymous_client: APIClient,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(18):
        anonymous_client.post(GOOGLE, idp.body())
    with django_assert_num_queries(12):
        anonymous_client.post(GOOGLE, idp.body())

    assert (sessions(), UsedNonce.objects.count()) == (2, 2)
