"""Requests that meet: exactly one of them has its way."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Session, UsedNonce, User
from accounts.oidc import nonces
from accounts.oidc.identities import identities_of
from accounts.oidc.linking import LastWayIn, unlink_identity
from accounts.sessions import open_session
from accounts.tasks import remove_old_credentials
from puppies.errors import DomainError
from tests.accounts.oidc.people import APPLE, GOOGLE, answered, identities, linked_user
from tests.accounts.oidc.provider import IdentityProvider
from tests.factories import UserFactory
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


def posting(path: str, body: dict[str, Any]) -> Callable[[], tuple[int, str]]:
    return lambda: answered(APIClient().post(path, body))


def test_of_parallel_uses_of_one_token_one_wins(idp: IdentityProvider) -> None:
    linked_user()
    body = idp.body()

    answers = run_together(*[posting(GOOGLE, body)] * 8)

    assert sorted(answers) == [(200, "")] + [(401, "nonce_reused")] * 7
    assert (Session.objects.count(), UsedNonce.objects.count()) == (1, 1)


def test_parallel_first_sign_ins_of_one_person_make_one_account(idp: IdentityProvider) -> None:
    answers = run_together(*[posting(GOOGLE, idp.body()) for _ in range(6)])

    assert sorted(answers) == [(200, "")] * 5 + [(201, "")]
    assert (User.objects.count(), Session.objects.count()) == (1, 6)


def test_parallel_namesakes_get_different_usernames(idp: IdentityProvider) -> None:
    people = [idp.body(sub=str(number), email=f"{number}@example.test") for number in range(6)]

    answers = run_together(*[posting(GOOGLE, body) for body in people])

    assert answers == [(201, "")] * 6
    assert len(set(User.objects.values_list("username", flat=True))) == 6


def test_of_parallel_strangers_with_one_address_one_gets_the_account(idp: IdentityProvider) -> None:
    answers = run_together(posting(GOOGLE, idp.body()), posting(APPLE, idp.apple_body()))

    assert sorted(answers) == [(201, ""), (409, "link_required")]
    assert len(identities()) == User.objects.count() == 1


def test_parallel_unlinks_leave_a_way_in() -> None:
    user = linked_user()
    linked_user(provider="apple", uid="a1")
    identities_of(User.objects.exclude(id=user.id).get().id).update(user=user)
    session_id = open_session(user=user).session_id

    def unlinking(provider: str) -> Callable[[], str]:
        def unlink() -> str:
            try:
                unlink_identity(user_id=user.id, session_id=session_id, provider=provider)
            except DomainError as error:
                return error.code
            return ""

        return unlink

    answers = run_together(unlinking("google"), unlinking("apple"))

    assert sorted(answers) == ["", LastWayIn.code]
    assert identities_of(user.id).count() == 1


def test_nonces_are_forgotten_when_their_tokens_have_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nonces, "BATCH", 2)
    now = timezone.now()
    for number in range(5):
        UsedNonce.objects.create(digest=bytes([number]) * 32, expires_at=now - timedelta(seconds=1))
    UsedNonce.objects.create(digest=b"9" * 32, expires_at=now + timedelta(seconds=60))

    remove_old_credentials()

    assert [bytes(row.digest) for row in UsedNonce.objects.all()] == [b"9" * 32]


def test_a_nonce_is_kept_as_long_as_its_token_is_accepted(idp: IdentityProvider) -> None:
    UserFactory.create()
    claims = idp.claims()

    APIClient().post(GOOGLE, idp.body(exp=claims["exp"]))

    assert UsedNonce.objects.get().expires_at.timestamp() == claims["exp"] + 60
