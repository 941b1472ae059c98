"""How many queries each endpoint costs: the same for three rows as for one."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.export import request_export
from accounts.models import User
from accounts.services import follow_user
from feeds.popular.ranking import rank_popular
from interactions.draining import drain
from interactions.services import like_post
from tests.architecture.routes import routes
from tests.factories import PASSWORD, CommentFactory, PostFactory, UserFactory

# Savepoints count here; outside a test they are the BEGIN and COMMIT of their transaction.
COUNTS = {
    ("POST", "v1/auth/register"): 17,
    ("POST", "v1/auth/token"): 7,
    ("GET", "v1/auth/oauth"): 3,
    ("GET", "v1/auth/sessions"): 2,
    ("POST", "v1/auth/password/reset"): 4,
    ("GET", "v1/users"): 4,
    ("GET", "v1/users/me"): 4,
    ("PATCH", "v1/users/me"): 9,
    ("GET", "v1/users/me/export"): 2,
    ("GET", "v1/users/me/blocks"): 2,
    ("GET", "v1/users/me/mutes"): 2,
    ("GET", "v1/users/<str:username>"): 4,
    ("GET", "v1/users/<str:username>/posts"): 4,
    ("GET", "v1/users/<str:username>/followers"): 5,
    ("GET", "v1/users/<str:username>/following"): 3,
    ("POST", "v1/users/<str:username>/follow"): 12,
    ("DELETE", "v1/users/<str:username>/follow"): 8,
    ("POST", "v1/users/<str:username>/block"): 7,
    ("POST", "v1/users/<str:username>/mute"): 4,
    ("DELETE", "v1/users/<str:username>/mute"): 3,
    ("POST", "v1/posts"): 9,
    ("GET", "v1/posts/<str:id>"): 3,
    ("GET", "v1/posts/<str:id>/likes"): 5,
    ("POST", "v1/posts/<str:id>/likes"): 2,
    ("DELETE", "v1/posts/<str:id>/likes"): 2,
    ("GET", "v1/notifications"): 2,
    ("GET", "v1/notifications/unread_count"): 2,
    ("POST", "v1/notifications/read"): 7,
    ("GET", "v1/notifications/preferences"): 2,
    ("PATCH", "v1/notifications/preferences"): 8,
    ("POST", "v1/posts/<str:id>/comments"): 10,
    ("GET", "v1/posts/<str:id>/comments"): 2,
    ("GET", "v1/comments/<str:id>"): 2,
    ("PATCH", "v1/comments/<str:id>"): 9,
    ("POST", "v1/comments/<str:id>/hide"): 8,
    ("DELETE", "v1/comments/<str:id>/hide"): 7,
    ("GET", "v1/feed"): 1,
    ("GET", "v1/feed/popular"): 1,
}
# These use up a token, a session or an account, and read no list: how many rows there are makes no difference to them.
ONCE = {
    ("POST", "v1/auth/token/refresh"),
    ("POST", "v1/auth/token/revoke"),
    ("DELETE", "v1/auth/sessions/<str:id>"),
    # tests/accounts/oidc counts these, with a provider.
    ("POST", "v1/auth/oauth/<str:provider>"),
    ("POST", "v1/auth/oauth/<str:provider>/link"),
    ("DELETE", "v1/auth/oauth/<str:provider>/link"),
    ("POST", "v1/auth/password/change"),
    ("POST", "v1/auth/password/reset/confirm"),
    ("POST", "v1/auth/email/verify"),
    ("POST", "v1/auth/email/verify/resend"),
    ("DELETE", "v1/users/me"),
    ("POST", "v1/users/me/export"),
    ("DELETE", "v1/users/<str:username>/block"),
    # tests/interactions/comments counts it.
    ("DELETE", "v1/comments/<str:id>"),
    ("GET", "v1/schema"),
}
QUERIES = {"v1/users": "?q=be"}


def body(path: str, name: str) -> dict[str, str] | None:
    bodies = {
        "v1/auth/register": {"username": name, "email": f"{name}@example.test", "password": PASSWORD},
        "v1/auth/token": {"username": "bella", "password": PASSWORD},
        "v1/posts": {"content": "hello"},
        "v1/posts/<str:id>/comments": {"content": "hello"},
        "v1/comments/<str:id>": {"content": name},
        "v1/auth/password/reset": {"email": "nobody@example.test"},
        "v1/users/me": {"bio": name},
        "v1/notifications/preferences": {"digest": "daily"},
    }
    return bodies.get(path)


def prepare(user: User, rows: int) -> dict[str, str]:
    """An author with so many posts, each liked, commented on and followed by so many, one of them `user`, whose post has comments."""
    bella = UserFactory.create(username="bella")
    bella.set_password(PASSWORD)
    bella.save(update_fields=["password"])
    request_export(user_id=user.id)
    posts = PostFactory.create_batch(rows, author=bella)
    for fan in (user, *UserFactory.create_batch(rows - 1)):
        follow_user(follower_id=fan.id, followee_id=bella.id)
        for post in posts:
            like_post(user_id=fan.id, post_id=post.id)
            CommentFactory.create(parent=CommentFactory.create(post=post, author=fan))
    for liked in PostFactory.create_batch(rows, author=user):
        like_post(user_id=bella.id, post_id=liked.id)
    drain()
    mine = CommentFactory.create(post=posts[0], author=user)
    own = CommentFactory.create_batch(rows, post=PostFactory.create(author=user))[0]
    rank_popular(spacing_seconds=0)
    return {
        "<str:username>": "bella",
        "comments/<str:id>/hide": f"comments/{own.id}/hide",
        "comments/<str:id>": f"comments/{mine.id}",
        "<str:id>": str(posts[0].id),
    }


def send(client: APIClient, method: str, path: str, names: dict[str, str], newcomer: str) -> Any:
    address = "/" + path + QUERIES.get(path, "")
    for placeholder, value in names.items():
        address = address.replace(placeholder, value)
    data = body(path, newcomer) if method != "GET" else None
    return getattr(client, method.lower())(address, data)


def undo(client: APIClient, method: str, path: str, names: dict[str, str]) -> None:
    """Bring the row back, or away, so that the request does the same work as before."""
    opposite = {"POST": "DELETE", "DELETE": "POST"}.get(method, method)
    if (opposite, path) in COUNTS and opposite != method:
        send(client, opposite, path, names, "")


def test_every_endpoint_has_its_count() -> None:
    assert {route for route in routes() if route[1].startswith("v1/")} == set(COUNTS) | ONCE


@pytest.mark.parametrize(("method", "path"), COUNTS, ids=[" ".join(route) for route in COUNTS])
@pytest.mark.parametrize("rows", [1, 3])
def test_an_endpoint_costs_its_queries(
    client: APIClient,
    user: User,
    method: str,
    path: str,
    rows: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    names = prepare(user, rows)
    undo(client, method, path, names)
    send(client, method, path, names, "first")  # prepares what is prepared once per connection
    undo(client, method, path, names)

    with django_assert_num_queries(COUNTS[method, path]):
        response = send(client, method, path, names, "second")

    assert response.status_code < 300
