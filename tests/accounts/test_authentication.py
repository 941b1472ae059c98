from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Session, User
from accounts.services import open_session
from interactions.models import Like
from posts.models import Post
from tests.factories import PostFactory

# One address that checks the session by the shared probe, and one whose own statement does.
ADDRESSES = ["/v1/users/somebody", "/v1/feed"]


def claims(session: Session, **changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    good = {
        "token_type": "access",
        "sub": str(session.user_id),
        "sid": str(session.id),
        "iss": "puppies",
        "aud": "puppies",
        "jti": "0" * 32,
        "iat": now,
        "exp": now + timedelta(minutes=15),
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(payload: dict[str, Any], *, key: str = "", algorithm: str = "HS256") -> str:
    return jwt.encode(payload, key or settings.SECRET_KEY, algorithm=algorithm)


def get(path: str, authorization: str | bytes) -> Any:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=authorization)
    return client.get(path)


def assert_refused(response: Any) -> None:
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="puppies"'


@pytest.fixture
def session(user: User) -> Session:
    User.objects.filter(id=user.id).update(username="somebody")
    return open_session(user=user)


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_of_an_open_session_is_good(session: Session, path: str, scheme: str) -> None:
    assert get(path, f"{scheme} {signed(claims(session))}").status_code == 200


def test_without_a_token_only_the_public_is_open(anonymous_client: APIClient, session: Session) -> None:
    assert anonymous_client.get("/v1/users/somebody").status_code == 200
    assert_refused(anonymous_client.get("/v1/feed"))


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Basic cmV4OnJleA==", "Token abc", "nonsense", "Bearer a b",
     "Bearer \x00", "Bearer ÿþ", "Bearer " + "x" * 50_000],
)  # fmt: skip
def test_garbage_is_refused(session: Session, path: str, authorization: str) -> None:
    assert_refused(get(path, authorization))


FORGERIES: dict[str, Callable[[Session], str]] = {
    "expired": lambda session: signed(claims(session, exp=datetime.now(UTC) - timedelta(seconds=1))),
    "without expiry": lambda session: signed(claims(session, exp=None)),
    "by another key": lambda session: signed(claims(session), key="k" * 64),
    "by nobody": lambda session: jwt.encode(claims(session), "", algorithm="none"),
    "by another algorithm": lambda session: signed(claims(session), algorithm="HS512"),
    "for another audience": lambda session: signed(claims(session, aud="kittens")),
    "by another issuer": lambda session: signed(claims(session, iss="kittens")),
    "of another type": lambda session: signed(claims(session, token_type="refresh")),
    "without a session": lambda session: signed(claims(session, sid=None)),
    "without a user": lambda session: signed(claims(session, sub=None)),
    "with a session that is no id": lambda session: signed(claims(session, sid="1; DROP TABLE")),
    "with a user that is no id": lambda session: signed(claims(session, sub="rex")),
    "with a user of another kind": lambda session: signed(claims(session, sub="-1")),
    "with a list": lambda session: signed(claims(session, sid=[str(session.id)])),
    "of an unknown session": lambda session: signed(claims(session, sid="1")),
    "of another's session": lambda session: signed(claims(session, sub="1")),
    "cut": lambda session: signed(claims(session))[:-4],
}


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("kind", FORGERIES)
def test_a_forged_token_is_refused(session: Session, path: str, kind: str) -> None:
    assert_refused(get(path, f"Bearer {FORGERIES[kind](session)}"))


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_revoked_session_is_refused_at_once(session: Session, path: str) -> None:
    token = signed(claims(session))
    assert get(path, f"Bearer {token}").status_code == 200

    Session.objects.filter(id=session.id).update(revoked_at=Now())

    assert_refused(get(path, f"Bearer {token}"))


def test_a_token_that_was_good_is_refused_when_it_expires(session: Session) -> None:
    expires_at = datetime.now(UTC) + timedelta(seconds=2)
    token = signed(claims(session, exp=expires_at))
    assert get("/v1/feed", f"Bearer {token}").status_code == 200

    sleep(max(0.0, (expires_at - datetime.now(UTC)).total_seconds()))

    assert_refused(get("/v1/feed", f"Bearer {token}"))


@pytest.mark.parametrize("path", ADDRESSES)
def test_an_expired_session_is_refused(session: Session, path: str) -> None:
    Session.objects.filter(id=session.id).update(expires_at=timezone.now() - timedelta(seconds=5))

    assert_refused(get(path, f"Bearer {signed(claims(session))}"))


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("state", [User.State.SUSPENDED, User.State.DELETING])
def test_an_account_that_is_not_active_is_refused(session: Session, path: str, state: User.State) -> None:
    User.objects.filter(id=session.user_id).update(state=state)

    assert_refused(get(path, f"Bearer {signed(claims(session))}"))


def test_a_refused_writer_changes_nothing(session: Session) -> None:
    post = PostFactory.create()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {signed(claims(session))}")
    Session.objects.filter(id=session.id).update(revoked_at=Now())

    assert_refused(client.post("/v1/posts", {"content": "too late"}))
    assert_refused(client.post(f"/v1/posts/{post.id}/likes"))

    assert (Post.objects.get(), Like.objects.count()) == (post, 0)
