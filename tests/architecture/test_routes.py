"""Who may use which route: every route of the URLconf against every kind of caller, compared with a table that is checked in.

The resource that a route names belongs to `user`. A status below 400 says that the caller may; 400 that it may and the (empty) body is
wrong. Public routes refuse the token of a suspended account too: who sends one wants to be somebody.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient
from social_django.models import UserSocialAuth

from accounts.api.tokens import token_pair
from accounts.export import request_export
from accounts.models import User
from accounts.policy import Role
from accounts.roles import OPERATOR, suspend_user
from accounts.sessions import open_session
from config.analytics.models import DailyFigures
from interactions.models import Comment
from interactions.notifications.unsubscribing import unsubscribe_url
from posts.models import Post
from tests.architecture.routes import routes
from tests.database import everything_stored
from tests.factories import CommentFactory, DeliveryFactory, PostFactory, UserFactory
from tests.roles import of_role

CALLERS = ("anonymous", "user", "other", "suspended", "moderator", "admin")
HEADING = ("method", "route", *CALLERS)
TABLE = Path(__file__).with_name("routes.txt")
WITH_BODY = {
    "POST v1/posts": {"content": "hello"},
    "PATCH v1/users/me": {"bio": "hello"},
    "POST v1/posts/<str:id>/comments": {"content": "hello"},
    "PATCH v1/comments/<str:id>": {"content": "hello"},
}
QUERIES = {"GET v1/users": "?q=ow"}


@dataclass(frozen=True)
class World:
    """What the routes name: an account with a post, a comment on it, a session and two identities."""

    owner: User
    post: Post
    comment: Comment
    session_id: int
    group_id: int
    delivery_id: int
    figures_id: int
    identity_id: int

    @classmethod
    def made(cls) -> Self:
        """A fresh one."""
        owner = UserFactory.create(username="owner")
        request_export(user_id=owner.id)
        for provider in ("apple", "google"):
            identity = UserSocialAuth.objects.create(user=owner, provider=provider, uid="1")
        post = PostFactory.create(author=owner)
        return cls(
            owner=owner,
            post=post,
            comment=CommentFactory.create(post=post, author=owner),
            session_id=open_session(user=owner).session_id,
            group_id=Group.objects.create(name="somebody").pk,
            delivery_id=DeliveryFactory.create().pk,
            figures_id=DailyFigures.objects.create(day=date(2026, 11, 22), counted_until=timezone.now()).pk,
            identity_id=identity.pk,
        )

    def address(self, route: str) -> str:
        """The route's pattern with the world's ids in its places."""
        by_kind = {
            "/sessions/": self.session_id,
            "v1/posts/": self.post.pk,
            "v1/comments/": self.comment.pk,
            "/interactions/comment/": self.comment.pk,
            "/posts/post/": self.post.pk,
            "/auth/group/": self.group_id,
            "/puppies/delivery/": self.delivery_id,
            "/config/dailyfigures/": self.figures_id,
            "/accounts/user/": self.owner.pk,
            "/usersocialauth/": self.identity_id,
        }
        own = next((value for kind, value in by_kind.items() if kind in route), 1)
        fixed = {"username": self.owner.username, "code": "not_found", "provider": "google", "url": "nothing"}
        token = unsubscribe_url(user_id=self.owner.pk).rpartition("/")[2]
        values = {
            "token": token,
            "id": own,
            "object_id": own,
            "content_type_id": 1,
            "app_label": "accounts",
            **fixed,
        }
        # Django's own pages are written as regular expressions here and there.
        plain = (
            re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route).replace("^", "").replace("$", "").replace("?", "")
        )
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), plain)


def table() -> dict[str, tuple[int, ...]]:
    """The checked-in rows: statuses by `METHOD route`."""
    rows = [line.split() for line in TABLE.read_text().splitlines() if line.strip()]
    assert rows[0] == list(HEADING)
    return {f"{method} {route}": tuple(map(int, statuses)) for method, route, *statuses in rows[1:]}


def anonymous(_: World) -> User | None:
    return None


def the_user(world: World) -> User | None:
    return world.owner


def another(_: World) -> User | None:
    return UserFactory.create()


def suspended(_: World) -> User | None:
    return UserFactory.create()


def moderator(_: World) -> User | None:
    return of_role(Role.MODERATOR)


def admin(_: World) -> User | None:
    return of_role(Role.ADMIN)


MAKERS: dict[str, Callable[[World], User | None]] = dict(
    zip(CALLERS, (anonymous, the_user, another, suspended, moderator, admin), strict=True)
)


def client_of(caller: str, user: User | None) -> APIClient:
    """A client that is signed in both ways: with a token for the API, with a cookie for the admin."""
    client = APIClient()
    if user is None:
        return client
    client.force_login(user, backend="accounts.backends.PolicyBackend")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_pair(open_session(user=user))['access']}")
    if caller == "suspended":
        suspend_user(actor_id=OPERATOR, user_id=user.id)
    return client


@contextmanager
def undone() -> Iterator[None]:
    """Nothing written within stays."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def statuses(method: str, route: str) -> tuple[int, ...]:
    """What every kind of caller is answered."""
    world = World.made()
    name = f"{method} {route}"
    address = world.address(route) + QUERIES.get(name, "")
    found = []
    for caller, make in MAKERS.items():
        with undone():
            client = client_of(caller, make(world))
            body = None if method == "GET" else WITH_BODY.get(name, {})
            before = everything_stored()
            found.append(getattr(client, method.lower())(address, body).status_code)
            # A denial proves that nothing changed.
            assert found[-1] < 400 or everything_stored() == before, f"{name} as {caller}"
    return tuple(found)


def row(name: str, found: tuple[int, ...]) -> str:
    method, route = name.split(" ")
    return f"{method:<7}{route:<62}" + "".join(f"{status:<11}" for status in found).rstrip()


@pytest.mark.django_db
@pytest.mark.parametrize("name", [f"{method} {route}" for method, route in routes()])
def test_every_route_answers_every_caller_as_the_table_says(name: str) -> None:
    found = statuses(*name.split(" "))

    assert table().get(name) == found, f"{TABLE.name} should have, if that is meant:\n{row(name, found)}"


def test_the_table_names_no_route_that_is_gone() -> None:
    assert set(table()) == {f"{method} {route}" for method, route in routes()}
