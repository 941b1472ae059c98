"""Who reads the mail of an account owns it: an identity that was linked before does not stay."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient
from social_django.models import UserSocialAuth

from accounts.models import User
from tests.accounts.mails import CONFIRM, NEW, VERIFY, mailed_token, reset_token
from tests.accounts.oidc.people import GOOGLE, LINK, answered, audited, client_of, identities, sessions
from tests.accounts.oidc.provider import IdentityProvider
from tests.conftest import SignIn

SQUATTER = {"sub": "666", "email": "squatter@example.test"}


def reset(token: str) -> int:
    return int(APIClient().post(CONFIRM, {"token": token, "new_password": NEW}).status_code)


def verified(token: str) -> int:
    return int(APIClient().post(VERIFY, {"token": token}).status_code)


@pytest.mark.parametrize(("mailed", "confirm"), [(reset_token, reset), (mailed_token, verified)])
def test_the_owner_of_the_address_puts_a_squatters_identities_out(
    idp: IdentityProvider,
    sign_in: SignIn,
    rex: User,
    mailed: Callable[[], str],
    confirm: Callable[[str], int],
) -> None:
    squatter = sign_in(rex)
    assert squatter.post(LINK, idp.body(**SQUATTER)).status_code == 204
    UserSocialAuth.objects.create(user=rex, provider="apple", uid="a666")

    assert confirm(mailed()) == 204

    assert (identities(), sessions()) == ([], 0)
    assert answered(squatter.post(LINK, idp.body(**SQUATTER))) == (401, "unauthenticated")
    assert APIClient().post(GOOGLE, idp.body(**SQUATTER)).status_code == 201
    assert [username for *_, username in identities()] != ["rex"]
    gone = [detail["provider"] for action, detail in audited() if action == "identity_unlinked"]
    assert gone == ["google", "apple"]


def test_a_reset_ends_identities_of_a_verified_address_too(idp: IdentityProvider, db: None) -> None:
    access = APIClient().post(GOOGLE, idp.body()).json()["access"]

    assert reset(reset_token()) == 204

    assert (identities(), client_of(access).get("/v1/feed").status_code) == ([], 401)
    assert answered(APIClient().post(GOOGLE, idp.body())) == (409, "link_required")


def test_an_address_is_verified_for_the_first_time_once(
    idp: IdentityProvider, sign_in: SignIn, rex: User
) -> None:
    first = mailed_token()
    sign_in(rex).post(f"{VERIFY}/resend")
    second = mailed_token()
    assert verified(first) == 204
    sign_in(rex).post(LINK, idp.body())

    assert verified(second) == 204

    assert identities() == [("google", "1080", "rex")]
