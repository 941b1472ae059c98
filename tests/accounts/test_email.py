"""Addresses verified, and the mails themselves."""

import re
from datetime import timedelta

import pytest
from django.core import mail as outgoing
from django.db.models import F
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from accounts import audit, mail
from accounts.models import AuditEntry, EmailToken, User
from accounts.services import register_user
from puppies.errors import DomainError
from puppies.models import Delivery
from tests.accounts.mails import VERIFY, mailed_token, reset_token
from tests.conftest import SignIn
from tests.factories import PASSWORD
from tests.feeds.readers import work_all_off, work_off


def test_a_new_account_verifies_its_address_by_mail(rex: User) -> None:
    token = mailed_token()

    answers = [APIClient().post(VERIFY, {"token": token}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 400]
    assert User.objects.get().email_verified_at is not None
    assert outgoing.outbox[0].to == ["rex@example.test"]
    assert AuditEntry.objects.filter(action=audit.EMAIL_VERIFIED).count() == 1


def test_another_address_is_not_verified_by_an_old_mail(rex: User) -> None:
    token = mailed_token()
    User.objects.filter(id=rex.id).update(email="new@example.test")

    assert APIClient().post(VERIFY, {"token": token}).status_code == 400
    assert User.objects.get().email_verified_at is None


def test_the_verifying_mail_is_sent_again_until_the_address_is_verified(sign_in: SignIn, rex: User) -> None:
    client = sign_in(rex)
    first, again = mailed_token(), client.post(f"{VERIFY}/resend")
    second = mailed_token()
    client.post(VERIFY, {"token": second})
    sent = len(outgoing.outbox)

    after = client.post(f"{VERIFY}/resend")
    work_all_off(task="accounts.send_email_token")

    assert (again.status_code, after.status_code, first != second) == (202, 202, True)
    assert len(outgoing.outbox) == sent


def test_sending_again_needs_signing_in(anonymous_client: APIClient) -> None:
    assert anonymous_client.post(f"{VERIFY}/resend").status_code == 401


def test_a_registration_that_fails_sends_nothing(rex: User) -> None:
    with pytest.raises(DomainError):
        register_user(username="other", email="rex@example.test", password=PASSWORD)

    work_all_off(task="accounts.send_email_token")
    assert len(outgoing.outbox) == 1


def test_a_mail_tells_the_link_of_the_client_application(rex: User, settings: Settings) -> None:
    settings.APP_URL = "https://puppies.test/"

    work_all_off(task="accounts.send_email_token")

    (message,) = outgoing.outbox
    assert re.search(r"^https://puppies\.test/verify#token=\d+%3A[\w-]+$", str(message.body), re.MULTILINE)
    assert (message.subject, message.from_email) == (
        "Verify your e-mail address for Puppies",
        settings.DEFAULT_FROM_EMAIL,
    )


def test_neither_the_outbox_nor_the_table_holds_what_the_mail_tells(rex: User) -> None:
    signature = reset_token().split(":")[1]

    kept = f"{list(Delivery.objects.values())} {list(EmailToken.objects.values())}"

    assert signature not in kept


def test_a_mail_server_that_is_away_makes_the_delivery_wait(rex: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False
    delivery = Delivery.objects.get(task="accounts.send_email_token")

    work_off(delivery)

    delivery.refresh_from_db()
    assert (delivery.done_at, delivery.dead_at, delivery.attempts) == (None, None, 1)
    assert "ConnectionRefusedError" in delivery.error


def test_a_mail_is_sent_once_however_often_its_message_comes(rex: User) -> None:
    delivery = Delivery.objects.get(task="accounts.send_email_token")

    work_off(delivery)
    work_off(delivery)

    delivery.refresh_from_db()
    assert delivery.done_at is not None
    assert len(outgoing.outbox) == 1


def test_old_tokens_are_removed(rex: User) -> None:
    mail.request_reset(email="nobody@example.test")
    EmailToken.objects.filter(purpose="reset").update(expires_at=F("expires_at") - timedelta(days=32))

    assert mail.remove_expired_tokens() == 1
    assert EmailToken.objects.get().purpose == "verify"
