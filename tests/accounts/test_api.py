from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Follow, Session, User
from accounts.services import register_user
from puppies.models import Delivery, LedgerEntry
from tests.conftest import SignIn
from tests.factories import PASSWORD, PostFactory, UserFactory

GOOD = {"username": "rex", "email": "rex@example.test", "password": PASSWORD}
NOBODY = {"following": False, "followed_by": False, "blocking": False, "muting": False}


def refusals(response: Any) -> list[tuple[str, str]]:
    return [(row["pointer"], row["code"]) for row in response.json()["errors"]]


def test_registering_answers_the_account_and_a_token_that_works(anonymous_client: APIClient) -> None:
    response = anonymous_client.post("/v1/auth/register", GOOD | {"username": " ReX "})

    body = response.json()
    user = User.objects.get()
    assert response.status_code == 201
    assert set(body) == {"user", "access", "refresh", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert body["user"] == {
        "id": str(user.id),
        "username": "rex",
        "display_name": "",
        "bio": "",
        "avatar_url": None,
        "followers_count": 0,
        "following_count": 0,
        "posts_count": 0,
        "created_at": user.created_at.isoformat().replace("+00:00", "Z"),
        "viewer": NOBODY,
    }
    anonymous_client.credentials(HTTP_AUTHORIZATION=f"Bearer {body['access']}")
    assert anonymous_client.get("/v1/feed").status_code == 200


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"username": "re"}, "/username", "form"),
        ({"username": "r" * 31}, "/username", "form"),
        ({"username": "rex the dog"}, "/username", "form"),
        ({"username": "réx"}, "/username", "form"),
        ({"username": "rex\x00"}, "/username", "form"),
        ({"username": "rex\nrex"}, "/username", "form"),
        ({"username": ""}, "/username", "blank"),
        ({"username": "\ufdfa" * 30}, "/username", "form"),
        ({"username": None}, "/username", "null"),
        ({"username": 12345}, "/username", "invalid"),
        ({"username": True}, "/username", "invalid"),
        ({"username": ["rex"]}, "/username", "invalid"),
        ({"email": "rex"}, "/email", "invalid"),
        ({"email": 7}, "/email", "invalid"),
        ({"email": "boſs@example.test"}, "/email", "invalid"),
        ({"email": "\u212arex@example.test"}, "/email", "invalid"),
        ({"email": True}, "/email", "invalid"),
        ({"email": "r" * 250 + "@example.test"}, "/email", "max_length"),
        ({"password": 12345678}, "/password", "invalid"),
        ({"password": "x" * 257}, "/password", "max_length"),
        ({"password": {"a": 1}}, "/password", "invalid"),
        ({"is_staff": True}, "/is_staff", "unknown_field"),
        ({"id": 1}, "/id", "unknown_field"),
    ],
)
def test_registering_with_bad_fields_is_refused(
    anonymous_client: APIClient, change: dict[str, Any], pointer: str, code: str
) -> None:
    response = anonymous_client.post("/v1/auth/register", GOOD | change)

    assert (response.status_code, response.json()["code"]) == (400, "validation_failed")
    assert (pointer, code) in refusals(response)
    assert {where for where, _ in refusals(response)} == {pointer}
    assert (User.objects.count(), Session.objects.count()) == (0, 0)


def test_registering_with_nothing_tells_all_that_is_missing(anonymous_client: APIClient) -> None:
    response = anonymous_client.post("/v1/auth/register", {})

    assert refusals(response) == [
        ("/username", "required"),
        ("/email", "required"),
        ("/password", "required"),
    ]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"email": "other@example.test", "username": "REX"}, 409, "username_taken"),
        ({"username": "other", "email": "REX@example.test"}, 409, "email_taken"),
        ({"username": "other", "email": "other@example.test", "password": "password"}, 400, "weak_password"),
    ],
)
def test_registering_against_a_rule_changes_nothing(
    anonymous_client: APIClient, change: dict[str, str], status: int, code: str
) -> None:
    register_user(**GOOD)

    response = anonymous_client.post("/v1/auth/register", GOOD | change)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (User.objects.count(), Session.objects.count()) == (1, 0)


def test_registering_without_a_session_leaves_no_account(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_session ADD CONSTRAINT no_session CHECK (false)")

    response = APIClient(raise_request_exception=False).post("/v1/auth/register", GOOD)

    assert (response.status_code, User.objects.count(), Delivery.objects.count()) == (500, 0, 0)


@pytest.mark.parametrize("username", ["ré", "r" * 31, "r" * 61])
def test_the_refusal_of_a_username_tells_the_whole_rule(anonymous_client: APIClient, username: str) -> None:
    response = anonymous_client.post("/v1/auth/register", GOOD | {"username": username})

    assert [row["detail"] for row in response.json()["errors"]] == [
        "Use 3 to 30 characters: the letters a to z, digits and underscores."
    ]


@pytest.mark.parametrize("name", ["rex", "REX", "Rex@example.test"])
def test_signing_in_answers_a_token_that_works(anonymous_client: APIClient, name: str) -> None:
    register_user(**GOOD)

    response = anonymous_client.post(
        "/v1/auth/token", {"username": name, "password": PASSWORD}, headers={"User-Agent": "Kennel/1.0"}
    )

    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh", "token_type", "expires_in"}
    assert Session.objects.get().device == "Kennel/1.0"
    anonymous_client.credentials(HTTP_AUTHORIZATION=f"Bearer {response.json()['access']}")
    assert anonymous_client.get("/v1/feed").status_code == 200


@pytest.mark.parametrize("name", ["rex", "nobody", "nobody@example.test"])
def test_wrong_credentials_answer_alike_whoever_is_meant(anonymous_client: APIClient, name: str) -> None:
    register_user(**GOOD)

    response = anonymous_client.post("/v1/auth/token", {"username": name, "password": "wrong"})

    body = response.json()
    assert (response.status_code, body["code"]) == (401, "wrong_credentials")
    assert body["detail"] == "Username or password is wrong"
    assert response["WWW-Authenticate"] == 'Bearer realm="puppies"'
    assert Session.objects.count() == 0


def test_a_suspended_account_gets_no_token(anonymous_client: APIClient) -> None:
    user = register_user(**GOOD)
    User.objects.filter(id=user.id).update(state=User.State.SUSPENDED)

    response = anonymous_client.post("/v1/auth/token", {"username": "rex", "password": PASSWORD})

    assert (response.status_code, Session.objects.count()) == (401, 0)


@pytest.mark.parametrize("name", ["rex\x00", 7, None, "", "x" * 255])
def test_signing_in_with_no_name_is_refused(anonymous_client: APIClient, name: Any) -> None:
    response = anonymous_client.post("/v1/auth/token", {"username": name, "password": PASSWORD})

    assert response.status_code == 400
    assert {where for where, _ in refusals(response)} == {"/username"}


def test_a_profile_tells_exact_counts_and_the_relationship(client: APIClient, user: User) -> None:
    bella = UserFactory.create(username="bella", display_name="Bella")
    PostFactory.create(author=bella)
    Follow.objects.add(follower_id=bella.id, followee_id=user.id)
    client.post("/v1/users/bella/follow")

    body = client.get("/v1/users/BELLA").json()

    assert (body["id"], body["username"], body["display_name"]) == (str(bella.id), "bella", "Bella")
    assert (body["followers_count"], body["following_count"], body["posts_count"]) == (1, 0, 1)
    assert body["viewer"] == NOBODY | {"following": True, "followed_by": True}


def test_a_profile_is_public_and_tells_no_address(anonymous_client: APIClient, user: User) -> None:
    response = anonymous_client.get(f"/v1/users/{user.username}")

    assert response.status_code == 200
    assert response.json()["viewer"] == NOBODY
    assert "email" not in response.content.decode()


@pytest.mark.parametrize("name", ["nobody", "suspended", "a%00b", "%F0%9F%90%B6", "x" * 5_000, "..", "'; --"])
@pytest.mark.parametrize("suffix", ["", "/posts"])
def test_a_profile_that_is_not_there_is_404(anonymous_client: APIClient, name: str, suffix: str) -> None:
    UserFactory.create(username="suspended", state=User.State.SUSPENDED)

    response = anonymous_client.get(f"/v1/users/{name}{suffix}")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_following_answers_the_relationship_each_time(client: APIClient) -> None:
    UserFactory.create(username="bella")

    first, second = (client.post("/v1/users/bella/follow") for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json() == NOBODY | {"following": True}
    assert client.get("/v1/users/bella").json()["followers_count"] == 1


def test_unfollowing_is_204_each_time(client: APIClient, user: User) -> None:
    UserFactory.create(username="bella")
    client.post("/v1/users/bella/follow")

    answers = [client.delete("/v1/users/bella/follow") for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b""), (204, b"")]
    assert client.get("/v1/users/bella").json()["followers_count"] == 0
    assert client.get(f"/v1/users/{user.username}").json()["following_count"] == 0


def test_following_oneself_is_409(client: APIClient, user: User) -> None:
    response = client.post(f"/v1/users/{user.username}/follow")

    assert (response.status_code, response.json()["code"]) == (409, "cannot_follow_oneself")
    assert (Follow.objects.count(), LedgerEntry.objects.count(), Delivery.objects.count()) == (0, 0, 0)


def test_following_too_many_is_409(client: APIClient, settings: Settings) -> None:
    settings.FOLLOWS_MOST = 1
    for name in ("bella", "rex"):
        UserFactory.create(username=name)
    client.post("/v1/users/bella/follow")

    response = client.post("/v1/users/rex/follow")

    assert (response.status_code, response.json()["code"]) == (409, "too_many_follows")
    assert client.get("/v1/users/rex").json()["followers_count"] == 0
    assert client.get("/docs/errors/too_many_follows").status_code == 200


@pytest.mark.parametrize("method", ["post", "delete"])
@pytest.mark.parametrize("name", ["nobody", "suspended"])
def test_following_nobody_is_404(client: APIClient, method: str, name: str) -> None:
    UserFactory.create(username="suspended", state=User.State.SUSPENDED)

    response = getattr(client, method)(f"/v1/users/{name}/follow")

    assert response.status_code == 404
    assert (Follow.objects.count(), LedgerEntry.objects.count()) == (0, 0)


@pytest.mark.parametrize("method", ["post", "delete"])
def test_following_needs_signing_in(anonymous_client: APIClient, user: User, method: str) -> None:
    response = getattr(anonymous_client, method)(f"/v1/users/{user.username}/follow")

    assert response.status_code == 401
    assert (Follow.objects.count(), LedgerEntry.objects.count()) == (0, 0)


def test_two_devices_have_sessions_of_their_own(sign_in: SignIn, user: User) -> None:
    first, second = sign_in(user), sign_in(user)
    oldest = Session.objects.order_by("id")[0]

    Session.objects.filter(id=oldest.id).update(revoked_at=oldest.created_at)

    assert (first.get("/v1/feed").status_code, second.get("/v1/feed").status_code) == (401, 200)
