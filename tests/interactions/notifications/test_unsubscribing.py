"""The link that ends the digests."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from interactions.notifications.preferences import Digest, change_preferences, preferences_of
from interactions.notifications.unsubscribing import unsubscribe_url
from tests.database import everything_stored
from tests.factories import UserFactory


@pytest.fixture
def rex(db: None, settings: Settings) -> User:
    """Somebody who wants a digest."""
    settings.API_URL = "https://api.puppies.test/"
    rex = UserFactory.create(username="rex", email_verified_at=timezone.now())
    change_preferences(user_id=rex.id, ways={}, digest=Digest.DAILY)
    return rex


def path_of(user: User) -> str:
    return unsubscribe_url(user_id=user.id).removeprefix("https://api.puppies.test")


def test_a_post_ends_the_digests_without_signing_in_or_a_form_token(rex: User) -> None:
    client = Client(enforce_csrf_checks=True)

    answers = [
        client.post(path_of(rex), "List-Unsubscribe=One-Click", "application/x-www-form-urlencoded")
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "You get no digests any more" in answers[0].text
    assert preferences_of(user_id=rex.id).digest == Digest.NEVER


def test_following_the_link_changes_nothing(rex: User) -> None:
    before = everything_stored()

    answer = Client().get(path_of(rex))

    assert (answer.status_code, '<form method="post">' in answer.text) == (200, True)
    assert everything_stored() == before


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("spoil", [lambda token: token[:-1], lambda token: f"1{token}", lambda token: "x"])
def test_a_token_that_we_did_not_sign_is_404(rex: User, method: str, spoil: Any) -> None:
    folder, _, token = path_of(rex).rpartition("/")
    before = everything_stored()

    answer = getattr(Client(), method)(f"{folder}/{spoil(token)}")

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "This link is not whole" in answer.text
    assert "<form" not in answer.text
    assert everything_stored() == before


def test_other_methods_are_refused(rex: User) -> None:
    assert Client().delete(path_of(rex)).status_code == 405
