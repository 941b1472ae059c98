from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from accounts.policy import Role
from accounts.roles import OPERATOR, grant_role
from tests.conftest import SignIn
from tests.factories import UserFactory


def test_ones_own_profile_adds_address_and_roles(client: APIClient, user: User) -> None:
    public = client.get(f"/v1/users/{user.username}").json()

    assert client.get("/v1/users/me").json() == {
        **public,
        "email": user.email,
        "email_verified": False,
        "roles": ["user"],
    }


def test_ones_own_profile_tells_whether_the_address_is_verified(client: APIClient, user: User) -> None:
    User.objects.filter(id=user.id).update(email_verified_at=Now())

    assert client.get("/v1/users/me").json()["email_verified"] is True


@pytest.mark.parametrize(
    ("role", "roles"),
    [
        (Role.USER, ["user"]),
        (Role.MODERATOR, ["user", "moderator"]),
        (Role.ADMIN, ["user", "moderator", "admin"]),
    ],
)
def test_a_role_includes_the_ones_below(user: User, sign_in: SignIn, role: Role, roles: list[str]) -> None:
    grant_role(actor_id=OPERATOR, user_id=user.id, role=role)

    assert sign_in(user).get("/v1/users/me").json()["roles"] == roles


def test_what_is_given_changes_and_the_rest_stays(client: APIClient, user: User) -> None:
    client.patch("/v1/users/me", {"display_name": " Rex ", "bio": "Guards the garden."})

    response = client.patch("/v1/users/me", {"bio": ""})

    body = response.json()
    user.refresh_from_db()
    assert response.status_code == 200
    assert (body["display_name"], body["bio"]) == (user.display_name, user.bio) == ("Rex", "")
    assert body == client.get("/v1/users/me").json()


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"display_name": "x" * 51}, "/display_name", "max_length"),
        ({"display_name": 7}, "/display_name", "invalid"),
        ({"display_name": None}, "/display_name", "null"),
        ({"display_name": "a\x00b"}, "/display_name", "null_characters_not_allowed"),
        ({"display_name": "\u200b"}, "/display_name", "blank"),
        ({"bio": "x" * 501}, "/bio", "max_length"),
        ({"bio": ["x"]}, "/bio", "invalid"),
        ({"username": "other"}, "/username", "unknown_field"),
        ({"email": "x@example.test"}, "/email", "unknown_field"),
        ({"roles": ["admin"]}, "/roles", "unknown_field"),
        ({"is_staff": True}, "/is_staff", "unknown_field"),
        ({"state": "active"}, "/state", "unknown_field"),
    ],
)
def test_a_bad_change_is_refused_and_changes_nothing(
    client: APIClient, user: User, change: dict[str, Any], pointer: str, code: str
) -> None:
    before = User.objects.filter(id=user.id).values().get()

    response = client.patch("/v1/users/me", {"bio": "new", **change})

    rows = [(row["pointer"], row["code"]) for row in response.json()["errors"]]
    assert (response.status_code, rows) == (400, [(pointer, code)])
    assert User.objects.filter(id=user.id).values().get() == before


def test_a_change_based_on_an_older_profile_is_412(client: APIClient, user: User) -> None:
    old = client.get("/v1/users/me")["ETag"]
    current = client.patch("/v1/users/me", {"bio": "first"}, headers={"If-Match": old})["ETag"]

    refused = client.patch("/v1/users/me", {"bio": "second"}, headers={"If-Match": old})

    user.refresh_from_db()
    assert (refused.status_code, refused.json()["code"], user.bio) == (412, "precondition_failed", "first")
    assert client.patch("/v1/users/me", {"bio": "third"}, headers={"If-Match": current}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/users/me", "/v1/users/bella"])
def test_a_profile_that_is_known_is_304(client: APIClient, path: str) -> None:
    UserFactory.create(username="bella")
    tag = client.get(path)["ETag"]

    response = client.get(path, headers={"If-None-Match": tag})

    assert (response.status_code, response.content) == (304, b"")


def test_a_profile_costs_few_queries(client: APIClient) -> None:
    UserFactory.create(username="bella")
    client.get("/v1/users/bella")
    counts = {}
    for path in ("/v1/users/bella", "/v1/users/me"):
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        counts[path] = len(queries)

    # Session, account, counts; then the relationship, or the roles.
    assert counts == {"/v1/users/bella": 4, "/v1/users/me": 4}


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_ones_profile_needs_signing_in(anonymous_client: APIClient, user: User, method: str) -> None:
    assert getattr(anonymous_client, method)("/v1/users/me").status_code == 401
    assert User.objects.filter(state=User.State.ACTIVE).count() == 1
