import re
from itertools import chain, islice

import pytest

from accounts.models import USERNAME_PATTERN
from accounts.oidc.naming import display_name_of, usernames_for
from accounts.usernames import RESERVED, refuse_reserved


@pytest.mark.parametrize(
    ("name", "email", "username"),
    [
        ("Rex Barker", "x@example.test", "rex_barker"),
        ("Ångström  Ærø", "x@example.test", "angstrom_r"),
        ("ﬁdo", "x@example.test", "fido"),
        ("O'Malley-Jr.", "x@example.test", "o_malley_jr"),
        ("", "Rex.Barker+puppies@example.test", "rex_barker"),
        ("雷克斯", "rex.barker@example.test", "rex_barker"),
        ("雷克斯", "x@example.test", "puppy"),
        ("", "x7k2m9@PrivateRelay.appleid.com", "puppy"),
        ("___", "__@example.test", "puppy"),
        ("A" * 50, "x@example.test", "a" * 20),
        ("Bartholomew of Dogs the Third", "x@example.test", "bartholomew_of_dogs"),
    ],
)
def test_a_username_is_made_of_what_is_known(name: str, email: str, username: str) -> None:
    assert next(usernames_for(name=name, email=email)) == username


def test_every_username_to_try_may_be_had() -> None:
    tried = [
        list(usernames_for(name=name, email="x@example.test"))
        for name in ("Rex", "x" * 50, "", "雷", *RESERVED)
    ]

    assert min(map(len, tried)) >= 20
    for username in chain.from_iterable(tried):
        assert re.fullmatch(USERNAME_PATTERN, username)
        refuse_reserved(username)


def test_a_reserved_name_gets_digits_at_once() -> None:
    names = list(islice(usernames_for(name="Admin", email="x@example.test"), 2))

    assert all(re.fullmatch(r"admin_[2346789]{4}", name) for name in names)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("Rex", "Other"), "Rex"),
        (("", " ", "\u200b", "Rex"), "Rex"),
        ((), ""),
        (("  Rex \t the\n\nDog ",), "Rex the Dog"),
        (("Re\x00x\x07\ud800",), "Rex"),
        (("👩‍👩‍👧 Dogs",), "👩‍👩‍👧 Dogs"),
        (("x" * 49 + " yz",), "x" * 49),
    ],
)
def test_a_display_name_is_one_line_that_fits(names: tuple[str, ...], shown: str) -> None:
    assert display_name_of(*names) == shown
