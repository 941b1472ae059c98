"""The figures as Prometheus, the command and the admin show them."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts.policy import Role
from config.analytics import counting
from config.analytics.models import DailyFigures
from tests.config.analytics.days import AFTER, BEFORE, MIDNIGHT
from tests.roles import browser_of, of_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_days() -> None:
    for day, likes, here in ((BEFORE, 40, 5), (AFTER, 2, 3)):
        counting.begin_day(day)
        DailyFigures.objects.filter(day=day).update(
            posts=7, likes=likes, signups=1, active_users=here, active_users_7_days=6, active_users_30_days=8
        )
    DailyFigures.objects.filter(day=BEFORE).update(is_counted=True, closed_at=MIDNIGHT, feed_p95_ms=1.5)


def metrics(client: APIClient) -> dict[str, float]:
    lines = client.get("/metrics").content.decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def test_prometheus_gets_totals_that_only_rise(two_days: None, anonymous_client: APIClient) -> None:
    told = metrics(anonymous_client)

    assert {
        name: told[f"puppies_{name}_total"] for name in ("posts", "likes", "unlikes", "signups", "follows")
    } == {
        "posts": 14,
        "likes": 42,
        "unlikes": 0,
        "signups": 2,
        "follows": 0,
    }
    assert told["puppies_figures_age_seconds"] > 0


def test_prometheus_gets_who_was_here(two_days: None, anonymous_client: APIClient) -> None:
    told = metrics(anonymous_client)

    windows = {window: told[f'puppies_active_users{{window="{window}"}}'] for window in ("1d", "7d", "30d")}
    assert windows == {"1d": 3, "7d": 6, "30d": 8}


def test_before_the_first_day_prometheus_gets_nothing(anonymous_client: APIClient) -> None:
    assert [
        name
        for name in metrics(anonymous_client)
        if name.startswith(("puppies_active", "puppies_figures", "puppies_likes"))
    ] == []


def test_the_command_shows_days(two_days: None) -> None:
    out = StringIO()

    call_command("daily_figures", stdout=out)

    titles, before, after = out.getvalue().splitlines()
    assert titles.split()[:4] == ["day", "posts", "comments", "likes"]
    assert before.split()[:4] == ["2026-11-21", "7", "0", "40"]
    assert (before[-1], after[-1]) != ("…", "…")
    assert after.endswith("…")


def test_the_command_tells_programs_the_days_they_ask_for(two_days: None) -> None:
    out = StringIO()

    call_command("daily_figures", "--json", f"--from={BEFORE}", f"--to={BEFORE}", stdout=out)

    [row] = json.loads(out.getvalue())
    assert (row["day"], row["likes"], row["feed_p95_ms"]) == ("2026-11-21", 40, 1.5)
    assert row["closed_at"] == "2026-11-22T00:00:00Z"


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="is no day such as"):
        call_command("daily_figures", "--from=yesterday")
    assert timedelta(days=1) == AFTER - BEFORE


@pytest.mark.parametrize(("role", "status"), [(Role.USER, 302), (Role.MODERATOR, 200), (Role.ADMIN, 200)])
def test_staff_look_at_the_days_and_nobody_changes_them(two_days: None, role: Role, status: int) -> None:
    client = browser_of(of_role(role))
    key = DailyFigures.objects.get(day=BEFORE).pk
    shown = [client.get(f"/admin/config/dailyfigures/{path}").status_code for path in ("", f"{key}/change/")]
    changed = client.post(f"/admin/config/dailyfigures/{key}/change/", {"likes": 1}).status_code

    assert shown == [status, status]
    assert changed in {302, 403}
    assert DailyFigures.objects.get(day=BEFORE).likes == 40
