import base64
import json

import pytest
from django.core import signing
from hypothesis import given
from hypothesis import strategies as st

from puppies import cursors
from puppies.errors import InvalidCursor

PLACE = {"b": 2**62}


@given(
    st.dictionaries(st.text(max_size=5), st.integers() | st.lists(st.integers(), max_size=50), max_size=4),
    st.text(),
)
def test_a_place_is_read_back_in_its_scope(place: dict[str, object], scope: str) -> None:
    assert cursors.decode(cursors.encode(place, scope=scope), scope=scope) == place


def test_a_cursor_of_another_list_is_refused() -> None:
    cursor = cursors.encode(PLACE, scope="home:1")

    with pytest.raises(InvalidCursor):
        cursors.decode(cursor, scope="home:2")


@given(st.data())
def test_a_cursor_with_one_character_changed_is_refused(data: st.DataObject) -> None:
    cursor = cursors.encode(PLACE, scope="home:1")
    at = data.draw(st.integers(0, len(cursor) - 2))  # the last character holds bits that base64 ignores
    other = data.draw(st.characters().filter(lambda character: character != cursor[at]))

    with pytest.raises(InvalidCursor):
        cursors.decode(cursor[:at] + other + cursor[at + 1 :], scope="home:1")


@given(st.text(max_size=200))
def test_junk_is_refused(junk: str) -> None:
    with pytest.raises(InvalidCursor):
        cursors.decode(junk, scope="home:1")


def test_a_place_signed_by_nobody_is_refused() -> None:
    forged = base64.urlsafe_b64encode(json.dumps(PLACE).encode()).decode().rstrip("=")

    with pytest.raises(InvalidCursor):
        cursors.decode(f"{forged}:{'A' * 43}", scope="home:1")


def test_a_place_signed_with_another_key_is_refused() -> None:
    forged = signing.Signer(key="k" * 50, salt="cursor:home:1").sign_object(PLACE)

    with pytest.raises(InvalidCursor):
        cursors.decode(forged, scope="home:1")


def test_a_signed_value_that_is_no_place_is_refused() -> None:
    signed = signing.Signer(salt="cursor:home:1").sign_object([1, 2])

    with pytest.raises(InvalidCursor):
        cursors.decode(signed, scope="home:1")


def test_a_cursor_longer_than_any_of_ours_is_refused() -> None:
    cursor = cursors.encode({"s": list(range(10**9, 10**9 + 2_000))}, scope="home:1")

    assert len(cursor) > cursors.MAX_LENGTH
    with pytest.raises(InvalidCursor):
        cursors.decode(cursor, scope="home:1")
