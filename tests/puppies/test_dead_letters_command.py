import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from puppies.models import Delivery
from puppies.outbox.leases import lease_due
from tests.factories import DeliveryFactory

DIED_AT = datetime(2026, 11, 22, 8, 34, tzinfo=UTC)


def dead(**fields: Any) -> Delivery:
    given = {
        "dead_at": DIED_AT,
        "attempts": 8,
        "publications": 3,
        "error": "Traceback\nValueError: no bone\n",
    }
    return DeliveryFactory.create(**given | fields)


def dead_letters(*arguments: object) -> str:
    out = StringIO()
    call_command("dead_letters", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_nothing_to_list() -> None:
    DeliveryFactory.create()

    assert dead_letters("list") == "no dead letters\n"
    assert json.loads(dead_letters("list", "--json")) == []


@pytest.mark.django_db
def test_the_list_tells_when_what_and_why_oldest_first() -> None:
    later = dead(dead_at=DIED_AT + timedelta(seconds=1), payload={"post_id": 2})
    earlier = dead(payload={"post_id": 1})

    assert dead_letters("list") == (
        f'{earlier.id}  2026-11-22T08:34:00Z  tests.react  {{"post_id": 1}}\n    ValueError: no bone\n'
        f'{later.id}  2026-11-22T08:34:01Z  tests.react  {{"post_id": 2}}\n    ValueError: no bone\n'
    )


@pytest.mark.django_db
def test_the_list_as_json() -> None:
    letter = dead(payload={"post_id": 1}, position=7)

    assert json.loads(dead_letters("list", "--json")) == [
        {
            "id": str(letter.id),
            "fact": "tests.something_happened.v1",
            "task": "tests.react",
            "payload": {"post_id": 1},
            "position": 7,
            "attempts": 8,
            "dead_at": "2026-11-22T08:34:00+00:00",
            "error": "Traceback\nValueError: no bone\n",
        }
    ]


@pytest.mark.django_db
def test_the_list_of_one_task_or_some_ids() -> None:
    first, second, other = dead(), dead(), dead(task="tests.other")

    of_task = json.loads(dead_letters("list", "--task", "tests.other", "--json"))
    of_ids = json.loads(dead_letters("list", first.id, second.id, "--json"))

    assert [row["id"] for row in of_task] == [str(other.id)]
    assert [row["id"] for row in of_ids] == [str(first.id), str(second.id)]


@pytest.mark.django_db
def test_a_replayed_letter_is_due_with_all_attempts_before_it() -> None:
    letter, other = dead(position=7), dead()

    assert dead_letters("replay", letter.id) == "1 replayed\n"

    letter.refresh_from_db()
    assert (letter.dead_at, letter.attempts, letter.publications, letter.error) == (None, 0, 0, "")
    assert letter.position == 7
    assert Delivery.objects.get(id=other.id).dead_at == DIED_AT


@pytest.mark.django_db(transaction=True)
def test_a_replayed_letter_is_leased_at_once() -> None:
    letter = dead()

    dead_letters("replay", "--all")

    assert [leased.id for leased in lease_due(limit=10)] == [letter.id]


@pytest.mark.django_db
def test_dropped_letters_are_gone_and_nothing_else() -> None:
    dead(task="tests.drop"), dead(task="tests.drop")
    kept = {dead().id, DeliveryFactory.create(task="tests.drop").id}

    assert dead_letters("drop", "--task", "tests.drop") == "2 dropped\n"
    assert set(Delivery.objects.values_list("id", flat=True)) == kept


@pytest.mark.django_db
@pytest.mark.parametrize(("action", "words"), [("replay", "replayed"), ("drop", "dropped")])
def test_a_dry_run_tells_and_changes_nothing(action: str, words: str) -> None:
    dead(), dead()
    before = list(Delivery.objects.order_by("id").values())

    assert dead_letters(action, "--all", "--dry-run") == f"2 would be {words}\n"
    assert list(Delivery.objects.order_by("id").values()) == before


@pytest.mark.django_db
def test_a_change_as_json() -> None:
    dead()

    assert json.loads(dead_letters("drop", "--all", "--json")) == {
        "action": "drop",
        "count": 1,
        "dry_run": False,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["replay", "drop"])
def test_a_change_of_nothing_in_particular_is_refused(action: str) -> None:
    letter = dead()

    with pytest.raises(CommandError, match=rf"^Say which to {action}: ids, --task NAME or --all\.$"):
        dead_letters(action)

    assert Delivery.objects.get().dead_at == letter.dead_at


@pytest.mark.django_db
def test_deliveries_that_are_not_dead_are_left_alone() -> None:
    delivery = DeliveryFactory.create(attempts=2)

    assert dead_letters("replay", delivery.id) == "0 replayed\n"
    assert dead_letters("drop", delivery.id) == "0 dropped\n"
    assert Delivery.objects.get().attempts == 2


@pytest.mark.parametrize("arguments", [("bury",), ("list", "seven"), ()])
def test_what_the_command_does_not_understand_is_an_error(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="Error: "):
        dead_letters(*arguments)
