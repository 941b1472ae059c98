"""Who gets which answer from which address. A new route has no row, and its test fails until it has one."""

import re
from typing import Any, NamedTuple

import pytest
from rest_framework.test import APIClient

from accounts.models import Follow, Session, User
from interactions.models import Like
from posts.models import Post
from puppies.models import Delivery, LedgerEntry
from tests.architecture.routes import routes
from tests.conftest import SignIn
from tests.factories import PASSWORD, PostFactory, UserFactory


class Access(NamedTuple):
    """The status that each kind of caller gets."""

    anonymous: int
    user: int
    suspended: int


TABLE: dict[tuple[str, str], Access] = {
    ("GET", "/livez"): Access(200, 200, 200),
    ("GET", "/readyz"): Access(200, 200, 200),
    ("GET", "/metrics"): Access(200, 200, 200),
    ("GET", "/docs"): Access(200, 200, 200),
    ("GET", "/docs/errors/<slug:code>"): Access(200, 200, 200),
    ("GET", "/admin/"): Access(302, 302, 302),
    ("GET", "/v1/schema"): Access(200, 200, 200),
    ("POST", "/v1/auth/register"): Access(201, 201, 201),
    ("POST", "/v1/auth/token"): Access(200, 200, 200),
    ("GET", "/v1/users/<str:username>"): Access(200, 200, 401),
    ("GET", "/v1/users/<str:username>/posts"): Access(200, 200, 401),
    ("POST", "/v1/users/<str:username>/follow"): Access(401, 200, 401),
    ("DELETE", "/v1/users/<str:username>/follow"): Access(401, 204, 401),
    ("POST", "/v1/posts"): Access(401, 201, 401),
    ("GET", "/v1/posts/<str:id>"): Access(200, 200, 401),
    ("POST", "/v1/posts/<str:id>/likes"): Access(401, 201, 401),
    ("DELETE", "/v1/posts/<str:id>/likes"): Access(401, 200, 401),
    ("GET", "/v1/feed"): Access(401, 200, 401),
}
BODIES: dict[str, dict[str, str]] = {
    "/v1/auth/register": {"username": "newcomer", "email": "newcomer@example.test", "password": PASSWORD},
    "/v1/auth/token": {"username": "bella", "password": PASSWORD},
    "/v1/posts": {"content": "hello"},
}
CASES = [
    pytest.param(method, path, kind, getattr(access, kind), id=f"{kind} {method} {path}")
    for (method, path), access in TABLE.items()
    for kind in Access._fields
]


def everything() -> list[list[dict[str, Any]]]:
    """All rows that a request could change."""
    models: tuple[Any, ...] = (User, Session, Follow, Post, Like, LedgerEntry, Delivery)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


@pytest.fixture
def callers(anonymous_client: APIClient, sign_in: SignIn) -> dict[str, APIClient]:
    suspended = UserFactory.create()
    clients = {
        "anonymous": anonymous_client,
        "user": sign_in(UserFactory.create()),
        "suspended": sign_in(suspended),
    }
    User.objects.filter(id=suspended.id).update(state=User.State.SUSPENDED)
    return clients


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert routes() == set(TABLE)


@pytest.mark.parametrize(("method", "path", "kind", "status"), CASES)
def test_each_caller_gets_the_answer_of_the_table(
    callers: dict[str, APIClient], method: str, path: str, kind: str, status: int
) -> None:
    bella = UserFactory.create(username="bella")
    bella.set_password(PASSWORD)
    bella.save(update_fields=["password"])
    post = PostFactory.create(author=bella)
    values = {"username": "bella", "id": str(post.id), "code": "not_found"}
    address = re.sub(r"<\w+:(\w+)>", lambda match: values[match[1]], path)
    before = everything()

    response = getattr(callers[kind], method.lower())(address, BODIES.get(path))

    assert response.status_code == status
    if status >= 400 or method == "GET":
        assert everything() == before


@pytest.mark.parametrize("kind", Access._fields)
def test_the_admin_sends_everybody_to_its_own_door(callers: dict[str, APIClient], kind: str) -> None:
    response = callers[kind].get("/admin/accounts/user/")

    assert (response.status_code, response["Location"]) == (302, "/admin/login/?next=/admin/accounts/user/")
