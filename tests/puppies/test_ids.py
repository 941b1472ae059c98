from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from puppies.ids import EPOCH, MAX_ID, SEQUENCE_BITS, created_at, first_id_at, next_id, parse_id

MILLISECONDS = st.integers(min_value=0, max_value=2**41 - 1)


def take(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT puppies_next_id() FROM generate_series(1, %s)", [count])
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.django_db
def test_ids_sort_by_the_moment_they_were_taken() -> None:
    earlier = next_id()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.002)")
    later = next_id()

    assert earlier < later


@pytest.mark.django_db
def test_many_ids_are_all_different() -> None:
    ids = take(20_000)

    assert len(set(ids)) == 20_000


@pytest.mark.django_db
def test_ids_stay_different_while_the_sequence_goes_round() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('puppies_id_seq', %s)", [2**SEQUENCE_BITS - 3])

    ids = take(100)

    assert len(set(ids)) == 100
    assert {0, 2**SEQUENCE_BITS - 1} <= {identifier % 2**SEQUENCE_BITS for identifier in ids}


@pytest.mark.django_db
def test_a_fresh_id_tells_the_present() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=2)

    taken_at = created_at(next_id())

    assert before <= taken_at <= datetime.now(UTC) + timedelta(milliseconds=2)


@given(MILLISECONDS, st.integers(min_value=0, max_value=2**SEQUENCE_BITS - 1))
def test_the_instant_of_an_id_leads_back_to_the_first_id_of_its_millisecond(age: int, number: int) -> None:
    identifier = (age << SEQUENCE_BITS) + number

    assert first_id_at(created_at(identifier)) == age << SEQUENCE_BITS
    assert created_at(identifier) == EPOCH + timedelta(milliseconds=age)


@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2090, 1, 1)))  # noqa: DTZ001 - made aware below
def test_the_first_id_of_an_instant_is_at_most_a_millisecond_older(naive: datetime) -> None:
    instant = naive.replace(tzinfo=UTC)

    age = instant - created_at(first_id_at(instant))

    assert timedelta(0) <= age < timedelta(milliseconds=1)


@given(st.integers(min_value=1, max_value=MAX_ID))
def test_an_id_is_read_back_from_its_digits(identifier: int) -> None:
    assert parse_id(str(identifier)) == identifier


@pytest.mark.parametrize(
    "raw",
    ["", "0", "01", "007", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1_000", "٣", "²", "1\x00", "None", "true",
     str(MAX_ID + 1), "9" * 19, "1" * 20, "1" * 100_000],
)  # fmt: skip
def test_what_cannot_be_an_id_is_none(raw: str) -> None:
    assert parse_id(raw) is None


@given(st.text(max_size=30))
def test_reading_an_id_never_raises(raw: str) -> None:
    found = parse_id(raw)

    assert found is None or 0 < found <= MAX_ID
