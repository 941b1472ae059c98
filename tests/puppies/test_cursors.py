import base64
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pytest_django import Settings

from puppies import cursors
from puppies.errors import InvalidCursor

PLACE = {"b": 2**62}
NUMBERS = st.integers(-(2**63), 2**63 - 1)


@given(
    st.dictionaries(st.text(max_size=5), NUMBERS | st.lists(NUMBERS, max_size=50), max_size=4),
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
    at = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.characters().filter(lambda character: character != cursor[at]))

    with pytest.raises(InvalidCursor):
        cursors.decode(cursor[:at] + other + cursor[at + 1 :], scope="home:1")


@given(st.text(max_size=200))
def test_junk_is_refused(junk: str) -> None:
    with pytest.raises(InvalidCursor):
        cursors.decode(junk, scope="home:1")


def test_a_place_signed_by_nobody_is_refused() -> None:
    forged = (
        base64.urlsafe_b64encode(b"A" * cursors.MAC_BYTES + json.dumps(PLACE).encode()).decode().rstrip("=")
    )

    with pytest.raises(InvalidCursor):
        cursors.decode(forged, scope="home:1")


def test_a_place_signed_with_another_key_is_refused(settings: Settings) -> None:
    settings.SECRET_KEY = "k" * 50
    forged = cursors.encode(PLACE, scope="home:1")
    settings.SECRET_KEY = "l" * 50

    with pytest.raises(InvalidCursor):
        cursors.decode(forged, scope="home:1")


def test_a_place_signed_with_the_key_before_this_one_is_read(settings: Settings) -> None:
    settings.SECRET_KEY = "k" * 50
    cursor = cursors.encode(PLACE, scope="home:1")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "l" * 50, ["k" * 50]

    assert cursors.decode(cursor, scope="home:1") == PLACE


def test_a_signed_value_that_is_no_place_is_refused() -> None:
    signed = cursors.encode([1, 2], scope="home:1")  # type: ignore[arg-type]

    with pytest.raises(InvalidCursor):
        cursors.decode(signed, scope="home:1")


@given(st.text(), st.text())
def test_no_scope_runs_into_the_place(scope: str, other: str) -> None:
    assume(scope != other)
    cursor = cursors.encode(PLACE, scope=scope)

    with pytest.raises(InvalidCursor):
        cursors.decode(cursor, scope=other)


def test_a_cursor_longer_than_any_of_ours_is_refused() -> None:
    cursor = cursors.encode({"s": list(range(10**9, 10**9 + 2_000))}, scope="home:1")

    assert len(cursor) > cursors.MAX_LENGTH
    with pytest.raises(InvalidCursor):
        cursors.decode(cursor, scope="home:1")
