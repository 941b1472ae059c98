"""What happens to the account while a provider is asked counts: nobody is let in by what was true before."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest
from django.db import connection
from django.db.transaction import atomic
from rest_framework.test import APIClient

from accounts import deletion, passwords
from accounts.models import Session, User
from accounts.services import register_user
from accounts.sessions import end_session
from tests.accounts.mails import CONFIRM, NEW, reset_token
from tests.accounts.oidc.people import GOOGLE, LINK, answered, identities, linked_user, sessions
from tests.accounts.oidc.provider import IdentityProvider, written
from tests.conftest import SignIn
from tests.elsewhere import Elsewhere
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rex(transactional_db: None) -> User:
    return register_user(username="rex", email="rex@example.test", password=PASSWORD)


def sign_out(user: User) -> None:
    end_session(session_id=Session.objects.get(user=user).id, user_id=user.id)


def ask_for_deletion(user: User) -> None:
    deletion.request_deletion(user_id=user.id)


def suspend(user: User) -> None:
    User.objects.filter(id=user.id).update(state=User.State.SUSPENDED)


def reset(user: User) -> None:
    APIClient().post(CONFIRM, {"token": reset_token(user.email), "new_password": NEW})


@pytest.mark.parametrize("happens", [sign_out, ask_for_deletion, suspend, reset])
def test_a_session_that_ends_while_the_provider_is_asked_links_nothing(
    idp: IdentityProvider, sign_in: SignIn, rex: User, happens: Callable[[User], None]
) -> None:
    client = sign_in(rex)

    def meanwhile(handler: BaseHTTPRequestHandler) -> None:
        happens(rex)
        connection.close()
        written(200, {"keys": idp.keys})(handler)

    idp.answers["/jwks"] = meanwhile

    assert answered(client.post(LINK, idp.body())) == (401, "unauthenticated")
    assert identities() == []


def test_a_sign_in_waits_for_the_reset_that_takes_its_identity_away(
    idp: IdentityProvider, elsewhere: Elsewhere
) -> None:
    user = linked_user(email="rex@example.test")
    token, body = reset_token(), idp.body()

    with atomic():
        passwords.confirm_reset(token=token, new_password=NEW)
        signing_in = elsewhere.start(lambda: answered(APIClient().post(GOOGLE, body)))
    refused = signing_in.result(timeout=30)

    assert (refused, identities(), sessions()) == ((401, "unauthenticated"), [], 0)
    assert not Session.objects.filter(user=user).exists()
