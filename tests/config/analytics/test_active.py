"""Who was here: estimates that Redis may lose at any moment and that only rise."""

from datetime import date, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import RefreshToken, User
from config.analytics import active, counting
from config.analytics.models import DailyFigures
from config.tasks import count_active_users
from puppies.ids import first_id_at
from puppies.redis_client import client
from tests.config.analytics.days import A_MOMENT, AFTER, BEFORE, MIDNIGHT, be_active_at, figures, settled
from tests.factories import UserFactory
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_keys(settings: Settings) -> None:
    """No sketch of an earlier test; nobody else's keys are touched."""
    flush()


def flush() -> None:
    """What FLUSHALL would take of ours."""
    for key in client().scan_iter(match="*analytics:active:*"):
        client().delete(key)


def count_until(instant: object = MIDNIGHT, *, day: date = BEFORE) -> None:
    """Begin with this day and count up to the instant."""
    counting.begin_day(day)
    counting.count_settled(now=settled(instant))  # type: ignore[arg-type]


def about(count: int) -> Any:
    """An estimate of so few: two may share one of the 16,384 registers."""
    return pytest.approx(count, abs=2 if count > 30 else 1)


def active_on(day: date) -> int:
    return int(figures(day, "active_users")[0])


def test_whoever_has_a_token_of_the_day_was_active_once() -> None:
    luna, rex, milo = UserFactory.create_batch(3)
    be_active_at(luna, MIDNIGHT - timedelta(hours=24))
    be_active_at(luna, MIDNIGHT - A_MOMENT)
    be_active_at(rex, MIDNIGHT - timedelta(hours=3))
    be_active_at(rex, MIDNIGHT)
    be_active_at(milo, MIDNIGHT - timedelta(hours=24) - A_MOMENT)
    count_until(MIDNIGHT + timedelta(hours=1))

    active.count_active_users()

    assert (active_on(BEFORE), active_on(AFTER)) == (2, 1)


def test_a_day_is_closed_with_its_sketch_once_it_is_over() -> None:
    be_active_at(UserFactory.create(), MIDNIGHT - timedelta(hours=3))
    count_until(MIDNIGHT - timedelta(hours=1))
    early = active.count_active_users()
    count_until(MIDNIGHT + timedelta(hours=1))

    closed = [active.count_active_users() for _ in range(2)]

    row = DailyFigures.objects.get(day=BEFORE)
    assert (early, closed) == (0, [1, 0])
    assert (row.closed_at is not None, bytes(row.active_sketch or b"")[:4]) == (True, b"HYLL")
    assert DailyFigures.objects.get(day=AFTER).closed_at is None


def test_what_redis_lost_is_read_again() -> None:
    users = UserFactory.create_batch(20)
    for place, user in enumerate(users):
        be_active_at(user, MIDNIGHT - timedelta(hours=5), place=place)
    count_until(MIDNIGHT - timedelta(hours=4))
    active.count_active_users()
    flush()
    for place, user in enumerate(users[:5]):
        be_active_at(user, MIDNIGHT - timedelta(hours=3), place=place)
    be_active_at(UserFactory.create(), MIDNIGHT - timedelta(hours=3), place=9)
    count_until(MIDNIGHT - timedelta(hours=2))

    active.count_active_users()

    assert active_on(BEFORE) == about(21)


def test_a_mark_without_its_sketch_is_no_mark() -> None:
    be_active_at(UserFactory.create(), MIDNIGHT - timedelta(hours=5))
    count_until(MIDNIGHT - timedelta(hours=4))
    active.count_active_users()
    for key in client().scan_iter(match="*analytics:active:*[0-9]"):
        client().delete(key)
    be_active_at(UserFactory.create(), MIDNIGHT - timedelta(hours=3))
    count_until(MIDNIGHT - timedelta(hours=2))

    active.count_active_users()

    assert active_on(BEFORE) == 2


def test_the_week_and_the_month_survive_a_flush() -> None:
    for days in range(8):
        be_active_at(UserFactory.create(), MIDNIGHT - timedelta(days=days, hours=1))
    count_until(MIDNIGHT, day=BEFORE - timedelta(days=7))
    active.count_active_users()
    # Whose tokens are gone is remembered by the sketches alone.
    RefreshToken.objects.filter(id__lt=first_id_at(MIDNIGHT - timedelta(days=1))).delete()
    flush()
    be_active_at(UserFactory.create(), MIDNIGHT + timedelta(hours=1))
    count_until(MIDNIGHT + timedelta(hours=2))

    active.count_active_users()

    names = ("active_users", "active_users_7_days", "active_users_30_days")
    assert figures(BEFORE, *names) == (1, about(7), about(8))
    assert figures(AFTER, *names) == (1, about(7), about(9))


def test_a_figure_does_not_fall_when_accounts_are_erased() -> None:
    users: list[User] = UserFactory.create_batch(3)
    for place, user in enumerate(users):
        be_active_at(user, MIDNIGHT - timedelta(hours=5), place=place)
    count_until(MIDNIGHT - timedelta(hours=4))
    active.count_active_users()
    User.objects.filter(id=users[0].id).delete()
    flush()

    active.count_active_users()

    assert active_on(BEFORE) == 3


def test_several_counters_at_once_miss_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(active, "BATCH", 7)
    for place, user in enumerate(UserFactory.create_batch(50)):
        be_active_at(user, MIDNIGHT - timedelta(hours=5), place=place)
    count_until(MIDNIGHT - timedelta(hours=4))

    run_together(*[active.count_active_users] * 3)
    active.count_active_users()

    assert active_on(BEFORE) == about(50)


def test_a_flush_in_the_middle_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(active, "BATCH", 10)
    for place, user in enumerate(UserFactory.create_batch(30)):
        be_active_at(user, MIDNIGHT - timedelta(hours=5), place=place)
    count_until(MIDNIGHT - timedelta(hours=4))
    begin = first_id_at(MIDNIGHT - timedelta(days=1))
    assert active._add(BEFORE, [1, 2], mark=begin, following=begin + 9)
    flush()

    is_added = active._add(BEFORE, [3], mark=begin + 9, following=begin + 20)
    active.count_active_users()

    assert is_added is False
    assert active_on(BEFORE) == about(30)


def test_the_estimate_is_within_three_per_cent() -> None:
    counting.begin_day(BEFORE)
    first = first_id_at(MIDNIGHT - timedelta(hours=5))
    active._add(BEFORE, [], mark=first_id_at(MIDNIGHT - timedelta(days=1)), following=first)
    for batch in range(20):
        users = range(batch * 1_000, (batch + 1) * 1_000)
        active._add(BEFORE, users, mark=first + batch, following=first + batch + 1)

    assert abs(active._size(BEFORE, days=1) - 20_000) < 600


def test_without_redis_nothing_is_closed_and_nothing_fails(settings: Settings) -> None:
    be_active_at(UserFactory.create(), MIDNIGHT - timedelta(hours=3))
    count_until(MIDNIGHT + timedelta(hours=1))
    there = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    client.cache_clear()

    count_active_users()
    without = DailyFigures.objects.get(day=BEFORE).closed_at
    settings.REDIS_URL = there
    client.cache_clear()
    count_active_users()

    assert without is None
    assert figures(BEFORE, "active_users", "is_counted") == (1, True)
    assert DailyFigures.objects.get(day=BEFORE).closed_at is not None
