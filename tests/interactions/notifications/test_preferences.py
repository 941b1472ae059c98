"""What somebody wants to be told of."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from interactions.models import NotificationInbox
from tests.database import everything_stored
from tests.interactions.notifications.people import PREFERENCES, like_of, page, settle


def test_everything_is_told_and_nothing_is_mailed_until_somebody_says_otherwise(client: APIClient) -> None:
    both = {"in_app": True, "email": True}

    found = client.get(PREFERENCES).json()

    assert found == {
        **dict.fromkeys(("like", "comment", "reply", "mention", "follow"), both),
        "digest": "never",
    }
    assert NotificationInbox.objects.count() == 0


def test_preferences_change_one_by_one(client: APIClient) -> None:
    first = client.patch(PREFERENCES, {"like": {"in_app": False}, "digest": "daily"}).json()
    second = client.patch(PREFERENCES, {"like": {"email": False}, "follow": {"email": False}}).json()
    third = client.patch(PREFERENCES, {"like": {"in_app": True}, "digest": "never"}).json()

    assert (first["like"], first["digest"]) == ({"in_app": False, "email": True}, "daily")
    assert (second["like"], second["follow"]) == (
        {"in_app": False, "email": False},
        {"in_app": True, "email": False},
    )
    assert (third["like"], third["digest"]) == ({"in_app": True, "email": False}, "never")
    assert client.get(PREFERENCES).json() == third


@pytest.mark.parametrize(
    "body",
    [
        {"likes": {"in_app": False}},
        {"like": {"sms": True}},
        {"like": {"in_app": "perhaps"}},
        {"like": {"in_app": None}},
        {"like": {"in_app": 0}},
        {"like": {"email": "true"}},
        {"like": True},
        {"digest": "hourly"},
        {"digest": None},
    ],
)
def test_what_is_no_preference_is_refused(client: APIClient, body: dict[str, Any]) -> None:
    before = everything_stored()

    answer = client.patch(PREFERENCES, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert everything_stored() == before


def test_what_is_off_is_neither_shown_nor_written(client: APIClient, user: User) -> None:
    like_of(user)
    settle()
    client.patch(PREFERENCES, {"like": {"in_app": False}})
    like_of(user)
    settle()

    hidden = page(client)
    client.patch(PREFERENCES, {"like": {"in_app": True}})

    assert (hidden["results"], hidden["unread_count"]) == ([], 0)
    assert len(page(client)["results"]) == 1
