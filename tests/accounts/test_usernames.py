import re

import pytest
from django.db import IntegrityError
from rest_framework.test import APIClient

from accounts.models import USERNAME_PATTERN, Session, User
from accounts.services import UsernameTaken, register_user
from accounts.usernames import RESERVED, UsernameReserved, refuse_reserved
from config.urls import urlpatterns
from tests.factories import PASSWORD, UserFactory
from tests.threads import run_together


def words_of_routes() -> set[str]:
    """What stands first in an address, or where a username stands in others."""
    waiting, words = [("", pattern) for pattern in urlpatterns], set()
    while waiting:
        before, pattern = waiting.pop()
        route = before + str(pattern.pattern)
        waiting += [(route, inner) for inner in getattr(pattern, "url_patterns", [])]
        first, *others = route.removeprefix("v1/").split("/")
        words |= {first, *others[:1]} if first == "users" else {first}
    return {word for word in words if re.fullmatch(USERNAME_PATTERN, word)}


def test_the_words_of_routes_are_reserved() -> None:
    assert words_of_routes() - RESERVED == set()
    assert {"admin", "auth", "feed", "posts", "users"} <= words_of_routes()


@pytest.mark.parametrize(
    "name",
    [
        "admin",
        "_admin_",
        "a_d_m_i_n",
        "adm1n",
        "4dm1n",
        "5upport",
        "he1p",
        "r00t",
        "__m0derat0r",
        "api",
        "puppies",
        "feed",
    ],
)
def test_a_reserved_name_is_refused_however_it_is_dressed_up(name: str) -> None:
    with pytest.raises(UsernameReserved):
        refuse_reserved(name)


@pytest.mark.parametrize("name", ["rex", "bella_2", "admiral", "feeding_time", "k9", "somebody", "100_dogs"])
def test_other_names_are_free(name: str) -> None:
    refuse_reserved(name)


@pytest.mark.parametrize("name", ["Admin", "ＡＤＭＩＮ", " support ", "adm1n"])
def test_registering_a_reserved_name_is_409_and_changes_nothing(
    anonymous_client: APIClient, name: str
) -> None:
    answer = anonymous_client.post(
        "/v1/auth/register", {"username": name, "email": "rex@example.test", "password": PASSWORD}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "username_reserved")
    assert (User.objects.count(), Session.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("bob", "b0b"),
        ("lola", "1ola"),
        ("milo", "mi10"),
        ("corny", "comy"),
        ("vvalter", "walter"),
        ("l0rne", "1ome"),
    ],
)
@pytest.mark.django_db
def test_a_name_that_looks_like_anothers_is_taken(first: str, second: str) -> None:
    register_user(username=first, email="first@example.test", password=PASSWORD)

    with pytest.raises(UsernameTaken):
        register_user(username=second, email="second@example.test", password=PASSWORD)

    assert [user.username for user in User.objects.all()] == [first]


@pytest.mark.parametrize("name", ["rеx", "реппу", "ｒеx", "r\u200bex", "re\u0301x", "rex\u202e", "ℝ𝕖𝕩!"])
def test_look_alikes_from_other_scripts_are_no_names(anonymous_client: APIClient, name: str) -> None:
    answer = anonymous_client.post(
        "/v1/auth/register", {"username": name, "email": "rex@example.test", "password": PASSWORD}
    )

    assert (answer.status_code, User.objects.count()) == (400, 0)


@pytest.mark.django_db
def test_the_database_itself_refuses_two_of_one_look() -> None:
    UserFactory.create(username="bob")

    with pytest.raises(IntegrityError, match="user_username_skeleton"):
        UserFactory.create(username="b0b")


@pytest.mark.django_db(transaction=True)
def test_of_two_look_alikes_at_once_exactly_one_is_registered() -> None:
    def attempt(name: str) -> bool:
        try:
            register_user(username=name, email=f"{name}@example.test", password=PASSWORD)
        except UsernameTaken:
            return False
        return True

    outcomes = run_together(*[lambda name=name: attempt(name) for name in ("bob", "b0b", "BOB", "B0B")])

    assert sorted(outcomes) == [False, False, False, True]


@pytest.mark.django_db
def test_numbered_names_never_look_alike() -> None:
    count = User.objects.bulk_create(
        [User(username=f"rover_{n}", email=f"{n}@example.test") for n in range(1_500)]
    )

    assert len(count) == User.objects.count() == 1_500
