import base64
import json
from collections.abc import Callable
from datetime import timedelta
from time import sleep, time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as make_curve_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import keys
from accounts.models import Session, User
from accounts.sessions import open_session
from interactions.models import Like
from posts.models import Post
from tests.factories import PostFactory

# One address that checks the session by the shared probe, and one whose own statement does.
ADDRESSES = ["/v1/users/somebody", "/v1/feed"]
STRANGERS_KEY = generate_private_key(public_exponent=65_537, key_size=2048)


def claims(session: Session, **changes: Any) -> dict[str, Any]:
    now = int(time())
    good = {
        "token_type": "access",
        "sub": str(session.user_id),
        "sid": str(session.id),
        "iss": "puppies",
        "aud": "puppies",
        "jti": "1",
        "iat": now,
        "exp": now + 900,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(payload: Any, *, key: RSAPrivateKey | None = None, **header: Any) -> str:
    """A token of any payload and header whose RS256 signature is right."""
    own = keys.ring().signing()
    good = {"alg": "RS256", "typ": "JWT", "kid": own.kid} | header
    text = f"{encoded({name: value for name, value in good.items() if value is not None})}.{encoded(payload)}"
    return f"{text}.{encoded((key or own.private).sign(text.encode(), PKCS1v15(), SHA256()))}"


def with_public_key_as_secret(session: Session) -> str:
    own = keys.ring().signing()
    secret = own.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': own.kid})}.{encoded(claims(session))}"
    return f"{text}.{encoded(jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(text.encode(), secret))}"


def unsigned(session: Session, **header: Any) -> str:
    good = {"alg": "none", "typ": "JWT", "kid": keys.ring().signing().kid} | header
    return f"{encoded(good)}.{encoded(claims(session))}."


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
    return Session.objects.get(id=open_session(user=user).session_id)


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
    "expired": lambda session: signed(claims(session, iat=int(time()) - 900, exp=int(time()))),
    "without expiry": lambda session: signed(claims(session, exp=None)),
    "expiring at a text": lambda session: signed(claims(session, exp="tomorrow")),
    "expiring at a fraction": lambda session: signed(claims(session, exp=time() + 60)),
    "expiring at true": lambda session: signed(claims(session, exp=True)),
    "expiring at a list": lambda session: signed(claims(session, exp=[int(time()) + 60])),
    "expiring at an object": lambda session: signed(claims(session, exp={"at": int(time()) + 60})),
    "expiring later than any may": lambda session: signed(claims(session, exp=int(time()) + 5_000)),
    "expiring at a huge number": lambda session: signed(claims(session, exp=10**40)),
    "expiring beyond the calendar": lambda session: signed(claims(session, exp=2**62)),
    "expiring at infinity": lambda session: signed(
        json.dumps(claims(session, exp="X")).replace('"X"', "1e400").encode()
    ),
    "expiring at no number": lambda session: signed(claims(session, exp=float("nan"))),
    "expiring before it was issued": lambda session: signed(claims(session, exp=-1)),
    "without an issuing time": lambda session: signed(claims(session, iat=None)),
    "issued in the future": lambda session: signed(
        claims(session, iat=int(time()) + 60, exp=int(time()) + 90)
    ),
    "issued at a text": lambda session: signed(claims(session, iat="now")),
    "issued at a huge number": lambda session: signed(claims(session, iat=10**30)),
    "not good yet": lambda session: signed(claims(session, nbf=int(time()) + 60)),
    "not good before a text": lambda session: signed(claims(session, nbf="then")),
    "not good before nothing": lambda session: signed(claims(session) | {"nbf": None}),
    "by another key": lambda session: signed(claims(session), key=STRANGERS_KEY),
    "by an unknown key": lambda session: signed(
        claims(session), key=STRANGERS_KEY, kid="20260101T000000000000Z-00000000"
    ),
    "by a key elsewhere": lambda session: signed(claims(session), kid="../../etc/passwd"),
    "by a key that is no text": lambda session: signed(claims(session), kid=7),
    "by a key of many": lambda session: signed(claims(session), kid=["a", "b"]),
    "naming no key": lambda session: signed(claims(session), kid=None),
    "bringing its own key": lambda session: signed(
        claims(session),
        key=STRANGERS_KEY,
        jwk=jwt.algorithms.RSAAlgorithm.to_jwk(STRANGERS_KEY.public_key(), as_dict=True),
    ),
    "telling where its key is": lambda session: signed(claims(session), jku="http://127.0.0.1/keys.json"),
    "with critical extensions": lambda session: signed(claims(session), crit=["exp"]),
    "of another header type": lambda session: signed(claims(session), typ="at+jwt"),
    "by nobody": unsigned,
    "by Nobody": lambda session: unsigned(session, alg="None"),
    "by no algorithm": lambda session: unsigned(session, alg=None),
    "by a list of algorithms": lambda session: unsigned(session, alg=["RS256"]),
    "with the public key as a secret": with_public_key_as_secret,
    "saying another algorithm": lambda session: signed(claims(session), alg="RS512"),
    "by another algorithm": lambda session: jwt.encode(
        claims(session),
        keys.ring().signing().private,
        algorithm="RS384",
        headers={"kid": keys.ring().signing().kid},
    ),
    "by a curve": lambda session: jwt.encode(
        claims(session),
        make_curve_key(SECP256R1()),
        algorithm="ES256",
        headers={"kid": keys.ring().signing().kid},
    ),
    "with the secret key": lambda session: jwt.encode(
        claims(session), settings.SECRET_KEY, algorithm="HS256"
    ),
    "for another audience": lambda session: signed(claims(session, aud="kittens")),
    "for several audiences": lambda session: signed(claims(session, aud=["puppies", "kittens"])),
    "for nobody": lambda session: signed(claims(session, aud=None)),
    "by another issuer": lambda session: signed(claims(session, iss="kittens")),
    "by no issuer": lambda session: signed(claims(session, iss=None)),
    "by an issuer that is no text": lambda session: signed(claims(session, iss={"puppies": True})),
    "of another type": lambda session: signed(claims(session, token_type="refresh")),
    "of no type": lambda session: signed(claims(session, token_type=None)),
    "without a session": lambda session: signed(claims(session, sid=None)),
    "without a user": lambda session: signed(claims(session, sub=None)),
    "without a name": lambda session: signed(claims(session, jti=None)),
    "with a session that is no id": lambda session: signed(claims(session, sid="1; DROP TABLE")),
    "with a user that is no id": lambda session: signed(claims(session, sub="rex")),
    "with a user below zero": lambda session: signed(claims(session, sub="-1")),
    "with a user that is a number": lambda session: signed(claims(session, sub=session.user_id)),
    "with a user beyond ids": lambda session: signed(claims(session, sub="9" * 19)),
    "with a user beyond all": lambda session: signed(claims(session, sub="9" * 500)),
    "with a user in other digits": lambda session: signed(claims(session, sub="١٢٣")),
    "with a list": lambda session: signed(claims(session, sid=[str(session.id)])),
    "of an unknown session": lambda session: signed(claims(session, sid="1")),
    "of another's session": lambda session: signed(claims(session, sub="1")),
    "of nested claims": lambda session: signed(b'{"sub":' + b"[" * 1_500 + b"]" * 1_500 + b"}"),
    "of a list of claims": lambda session: signed([claims(session)]),
    "of no claims": lambda session: signed(b""),
    "of null": lambda session: signed(b"null"),
    "of claims that are no UTF-8": lambda session: signed(b'{"sub": "\xff\xfe"}'),
    "of claims that are no JSON": lambda session: signed(b"{'sub': 1}"),
    "of claims with a lone surrogate": lambda session: signed(b'{"sub": "\\ud800"}'),
    "too long": lambda session: signed(claims(session, note="x" * 4_000)),
    "with a nested header": lambda session: encoded(b"[" * 1_500) + "." + encoded(claims(session)) + ".AA",
    "with a header that is no UTF-8": lambda session: encoded(b"\xff\xfe") + ".e30.AA",
    "with a header that is no object": lambda session: encoded(b'"RS256"') + ".e30.AA",
    "in four parts": lambda session: f"{signed(claims(session))}.AA",
    "in two parts": lambda session: signed(claims(session)).rpartition(".")[0],
    "with a signature that is no base64": lambda session: signed(claims(session)).rpartition(".")[0] + ".!§$",
    "with an empty signature": lambda session: signed(claims(session)).rpartition(".")[0] + ".",
    "cut": lambda session: signed(claims(session))[:-4],
}


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("kind", FORGERIES)
def test_a_forged_token_is_refused(session: Session, path: str, kind: str) -> None:
    assert_refused(get(path, f"Bearer {FORGERIES[kind](session)}"))


def test_there_are_many_kinds_of_forgeries() -> None:
    assert len(FORGERIES) >= 20


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_revoked_session_is_refused_at_once(session: Session, path: str) -> None:
    token = signed(claims(session))
    assert get(path, f"Bearer {token}").status_code == 200

    Session.objects.filter(id=session.id).update(revoked_at=Now())

    assert_refused(get(path, f"Bearer {token}"))


def test_a_token_that_was_good_is_refused_when_it_expires(session: Session) -> None:
    expires_at = int(time()) + 3
    token = signed(claims(session, exp=expires_at))
    assert get("/v1/feed", f"Bearer {token}").status_code == 200

    sleep(max(0.0, expires_at - time()))

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
