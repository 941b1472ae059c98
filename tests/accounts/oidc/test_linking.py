import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient
from social_django.models import UserSocialAuth

from accounts.models import Session, User
from accounts.services import register_user
from accounts.sessions import open_session
from tests.accounts.oidc.people import GOOGLE, LINK, answered, audited, identities, linked_user, sessions
from tests.accounts.oidc.provider import GONE, REDIRECT, IdentityProvider
from tests.conftest import SignIn
from tests.database import everything_stored
from tests.factories import PASSWORD

WAYS = "/v1/auth/oauth"


@pytest.fixture
def rex(db: None) -> User:
    return register_user(username="rex", email="rex@example.test", password=PASSWORD)


def test_what_was_refused_may_be_linked_with_the_same_proof_and_then_signs_in(
    idp: IdentityProvider, anonymous_client: APIClient, sign_in: SignIn, rex: User
) -> None:
    body = idp.body()

    refused = anonymous_client.post(GOOGLE, body)
    linked = sign_in(rex).post(LINK, body)
    signed_in = anonymous_client.post(GOOGLE, idp.body())

    assert answered(refused) == (409, "link_required")
    assert (linked.status_code, linked.content) == (204, b"")
    assert signed_in.status_code == 200
    assert identities() == [("google", "1080", "rex")]
    assert ("identity_linked", {"provider": "google"}) in audited()


def test_the_address_does_not_matter_for_linking(idp: IdentityProvider, sign_in: SignIn, rex: User) -> None:
    for changes in ({"email": "other@example.test"}, {"email": GONE, "email_verified": GONE}):
        assert sign_in(rex).post(LINK, idp.body(**changes)).status_code == 204

    assert User.objects.get().email == "rex@example.test"


def test_linking_by_code(idp: IdentityProvider, sign_in: SignIn, rex: User) -> None:
    code = idp.begin(idp.claims(), verifier="v" * 43)

    response = sign_in(rex).post(LINK, {"code": code, "code_verifier": "v" * 43, "redirect_uri": REDIRECT})

    assert (response.status_code, identities()) == (204, [("google", "1080", "rex")])


def test_linking_again_changes_nothing_and_a_proof_is_good_once(
    idp: IdentityProvider, sign_in: SignIn, rex: User
) -> None:
    client, body = sign_in(rex), idp.body()

    answers = [client.post(LINK, sent) for sent in (body, idp.body(), body)]

    assert [answered(answer) for answer in answers] == [(204, ""), (204, ""), (401, "nonce_reused")]
    assert len(identities()) == 1
    assert [action for action, _ in audited()].count("identity_linked") == 1


@pytest.mark.parametrize(("subject", "code"), [("1080", "identity_taken"), ("2160", "provider_linked")])
def test_an_identity_belongs_to_one_account_and_an_account_has_one_of_a_provider(
    idp: IdentityProvider, sign_in: SignIn, rex: User, subject: str, code: str
) -> None:
    linked_user(uid="1080")
    UserSocialAuth.objects.create(user=rex, provider="google", uid="3240")
    client = sign_in(rex)
    before = everything_stored()

    response = client.post(LINK, idp.body(sub=subject))

    assert answered(response) == (409, code)
    assert everything_stored() == before


def test_a_bad_token_links_nothing(idp: IdentityProvider, sign_in: SignIn, rex: User) -> None:
    response = sign_in(rex).post(LINK, idp.body(exp=1))

    assert answered(response) == (401, "invalid_identity_token")
    assert identities() == []


def test_linking_takes_no_name(idp: IdentityProvider, sign_in: SignIn, rex: User) -> None:
    response = sign_in(rex).post("/v1/auth/oauth/apple/link", idp.apple_body() | {"user": {}})

    assert (response.status_code, identities()) == (400, [])


def test_linking_needs_a_session(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    assert answered(anonymous_client.post(LINK, idp.body())) == (401, "unauthenticated")
    assert (idp.asked, identities()) == ({}, [])


def test_unlinking_ends_the_identity_and_every_other_session(
    idp: IdentityProvider, anonymous_client: APIClient, sign_in: SignIn, rex: User
) -> None:
    client = sign_in(rex)
    client.post(LINK, idp.body())
    anonymous_client.post(GOOGLE, idp.body())

    response = client.delete(LINK)

    assert (response.status_code, identities(), sessions()) == (204, [], 1)
    assert client.get(WAYS).status_code == 200
    assert answered(anonymous_client.post(GOOGLE, idp.body())) == (409, "link_required")
    assert audited()[-1] == ("identity_unlinked", {"provider": "google"})


def test_the_last_way_in_stays(sign_in: SignIn) -> None:
    client = sign_in(linked_user())
    before = everything_stored()

    response = client.delete(LINK)

    assert answered(response) == (409, "last_way_in")
    assert everything_stored() == before


def test_another_identity_is_a_way_in(sign_in: SignIn) -> None:
    user = linked_user()
    UserSocialAuth.objects.create(user=user, provider="apple", uid="a1")

    response = sign_in(user).delete(LINK)

    assert (response.status_code, identities()) == (204, [("apple", "a1", user.username)])


@pytest.mark.parametrize("provider", ["google", "apple", "facebook"])
def test_unlinking_what_is_not_linked_is_404(sign_in: SignIn, rex: User, provider: str) -> None:
    linked_user()
    open_session(user=rex)

    response = sign_in(rex).delete(f"/v1/auth/oauth/{provider}/link")

    assert answered(response) == (404, "not_found")
    assert Session.objects.open().filter(user=rex).count() == 2


def test_the_ways_in_are_listed(
    sign_in: SignIn, rex: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mine = linked_user()
    UserSocialAuth.objects.create(user=mine, provider="apple", uid="a1")
    client = sign_in(mine)
    client.get(WAYS)

    with django_assert_num_queries(3):
        ways = client.get(WAYS).json()

    assert [row["provider"] for row in ways["identities"]] == ["google", "apple"]
    assert ways["identities"][0]["linked_at"].endswith("Z")
    assert set(ways["identities"][0]) == {"provider", "linked_at"}
    assert ways["has_password"] is False
    assert sign_in(rex).get(WAYS).json() == {"identities": [], "has_password": True}
