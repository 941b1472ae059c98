"""Passwords changed and reset."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outgoing
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import audit, passwords
from accounts.api.tokens import token_pair
from accounts.mail import InvalidEmailToken
from accounts.models import AuditEntry, EmailToken, User
from accounts.services import authenticate_user, register_user
from accounts.sessions import open_session
from puppies.errors import DomainError
from puppies.models import Delivery
from tests.accounts.mails import CHANGE, CONFIRM, NEW, RESET, VERIFY, mailed_token, reset_token
from tests.conftest import SignIn
from tests.factories import PASSWORD
from tests.feeds.readers import work_all_off
from tests.threads import run_together


def status_with(access: str) -> int:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return int(client.get("/v1/feed").status_code)


def knows(password: str) -> bool:
    try:
        authenticate_user(username="rex", password=password)
    except DomainError:
        return False
    return True


def test_a_changed_password_ends_the_other_sessions(sign_in: SignIn, rex: User) -> None:
    other = open_session(user=rex)
    client = sign_in(rex)

    answer = client.post(CHANGE, {"current_password": PASSWORD, "new_password": NEW})

    assert (answer.status_code, answer.content) == (204, b"")
    assert [knows(PASSWORD), knows(NEW)] == [False, True]
    assert client.get("/v1/feed").status_code == 200
    assert status_with(token_pair(other)["access"]) == 401
    entry = AuditEntry.objects.get(action=audit.PASSWORD_CHANGED)
    assert (entry.actor_id, entry.subject_id, entry.ip) == (rex.id, rex.id, "127.0.0.1")


@pytest.mark.django_db(transaction=True)
def test_a_session_that_was_spared_once_is_not_spared_again(sign_in: SignIn) -> None:
    rex = register_user(username="rex", email="rex@example.test", password=PASSWORD)
    client = sign_in(rex)
    client.post(CHANGE, {"current_password": PASSWORD, "new_password": NEW})
    assert client.get("/v1/feed").status_code == 200

    User.objects.filter(id=rex.id).update(password="set by somebody else on this connection")

    assert client.get("/v1/feed").status_code == 401


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"current_password": "wrong", "new_password": NEW}, "wrong_password"),
        ({"current_password": PASSWORD, "new_password": "short"}, "weak_password"),
        ({"current_password": PASSWORD, "new_password": "password123"}, "weak_password"),
        ({"current_password": PASSWORD, "new_password": "rex@example.test"}, "weak_password"),
        ({"current_password": PASSWORD}, "validation_failed"),
        ({"current_password": PASSWORD, "new_password": 7}, "validation_failed"),
        ({"current_password": PASSWORD, "new_password": NEW, "user": "1"}, "validation_failed"),
    ],
)
def test_a_password_is_not_changed_against_the_rules(
    sign_in: SignIn, rex: User, body: dict[str, Any], code: str
) -> None:
    other = open_session(user=rex)

    answer = sign_in(rex).post(CHANGE, body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert knows(PASSWORD)
    assert status_with(token_pair(other)["access"]) == 200
    assert not AuditEntry.objects.filter(action=audit.PASSWORD_CHANGED).exists()


def test_changing_a_password_needs_signing_in(anonymous_client: APIClient, rex: User) -> None:
    assert (
        anonymous_client.post(CHANGE, {"current_password": PASSWORD, "new_password": NEW}).status_code == 401
    )
    assert knows(PASSWORD)


def test_a_forgotten_password_is_reset_by_mail(rex: User) -> None:
    old = open_session(user=rex)
    asked = APIClient().post(RESET, {"email": "REX@example.test"})
    token = mailed_token()

    answer = APIClient().post(CONFIRM, {"token": token, "new_password": NEW})

    assert (asked.status_code, asked.content, answer.status_code) == (202, b"", 204)
    assert outgoing.outbox[-1].to == ["rex@example.test"]
    assert [knows(PASSWORD), knows(NEW)] == [False, True]
    assert status_with(token_pair(old)["access"]) == 401
    assert User.objects.get().email_verified_at is not None
    assert AuditEntry.objects.filter(action=audit.PASSWORD_RESET, subject_id=rex.id).count() == 1


def test_an_unknown_address_is_answered_alike_and_gets_no_mail(
    rex: User, django_assert_num_queries: Callable[[int], Any]
) -> None:
    work_all_off(task="accounts.send_email_token")
    sent = len(outgoing.outbox)

    answers = []
    for email in ("rex@example.test", "nobody@example.test"):
        with django_assert_num_queries(4):  # savepoint, token, delivery, end: the same whoever is meant
            answers.append(APIClient().post(RESET, {"email": email}))
    work_all_off(task="accounts.send_email_token")

    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 2
    assert [message.to for message in outgoing.outbox[sent:]] == [["rex@example.test"]]
    assert not Delivery.objects.filter(task="accounts.send_email_token", done_at=None).exists()


@pytest.mark.parametrize("state", [User.State.SUSPENDED, User.State.PURGING])
def test_an_account_that_may_not_sign_in_gets_no_mail(rex: User, state: User.State) -> None:
    work_all_off(task="accounts.send_email_token")
    User.objects.filter(id=rex.id).update(state=state)

    APIClient().post(RESET, {"email": rex.email})
    work_all_off(task="accounts.send_email_token")

    assert len(outgoing.outbox) == 1


def test_a_token_is_good_once(rex: User) -> None:
    token = reset_token()

    answers = [
        APIClient().post(CONFIRM, {"token": token, "new_password": word}) for word in (NEW, "third-Walk-42")
    ]

    assert [answer.status_code for answer in answers] == [204, 400]
    assert answers[1].json()["code"] == "invalid_email_token"
    assert knows(NEW)


@pytest.mark.django_db(transaction=True)
def test_of_parallel_confirmations_exactly_one_succeeds() -> None:
    register_user(username="rex", email="rex@example.test", password=PASSWORD)
    token = reset_token()

    def attempt(word: str) -> str:
        try:
            passwords.confirm_reset(token=token, new_password=word)
        except InvalidEmailToken:
            return ""
        return word

    outcomes = run_together(
        *[lambda word=word: attempt(word) for word in ("first-Walk-42", "other-Walk-42", "third-Walk-42")]
    )

    (chosen,) = filter(None, outcomes)
    assert knows(chosen)


def test_a_weak_password_leaves_the_token_good(rex: User) -> None:
    token = reset_token()

    weak = APIClient().post(CONFIRM, {"token": token, "new_password": "password"})
    strong = APIClient().post(CONFIRM, {"token": token, "new_password": NEW})

    assert (weak.status_code, weak.json()["code"], strong.status_code) == (400, "weak_password", 204)


def test_an_expired_token_is_refused(rex: User) -> None:
    token = reset_token()
    EmailToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert (
        APIClient().post(CONFIRM, {"token": token, "new_password": NEW}).json()["code"]
        == "invalid_email_token"
    )
    assert knows(PASSWORD)


def test_a_changed_password_makes_older_reset_tokens_worthless(rex: User) -> None:
    token = reset_token()
    rex.set_password(NEW)
    rex.save()

    answer = APIClient().post(CONFIRM, {"token": token, "new_password": "third-Walk-42"})

    assert answer.json()["code"] == "invalid_email_token"
    assert knows(NEW)


@pytest.mark.parametrize("path", [CONFIRM, VERIFY])
@pytest.mark.parametrize(
    "forged", ["x", "1:x", "1", ":", "9" * 60, "{id}:{signature}x", "{id}1:{signature}", "{id}:", "Ω:Ω"]
)
def test_a_forged_token_is_refused(rex: User, path: str, forged: str) -> None:
    identifier, signature = reset_token().split(":")
    token = forged.format(id=identifier, signature=signature)
    body = {"token": token} if path == VERIFY else {"token": token, "new_password": NEW}

    answer = APIClient().post(path, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_email_token")
    assert knows(PASSWORD)


def test_a_token_serves_its_purpose_alone(rex: User) -> None:
    verifying = mailed_token()
    resetting = reset_token()

    answers = [
        APIClient().post(CONFIRM, {"token": verifying, "new_password": NEW}),
        APIClient().post(VERIFY, {"token": resetting}),
    ]

    assert [answer.json()["code"] for answer in answers] == ["invalid_email_token"] * 2
    assert User.objects.get().email_verified_at is None
