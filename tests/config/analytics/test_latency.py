"""The home feed's latency of a day, from what real APIs tell."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from config.analytics import latency
from config.analytics.models import DailyFigures, ScrapedApi
from config.tasks import measure_feed_latency
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)
URL = "http://api.example"
NONE = {"0.001": 0, "0.01": 0, "0.1": 0, "+Inf": 0}


def measured(**counts: int) -> dict[str, int]:
    """A histogram, as `measured(fast=3, slow=1)`."""
    bounds = {"fast": "0.001", "usual": "0.01", "slow": "0.1", "lost": "+Inf"}
    return NONE | {bounds[name]: count for name, count in counts.items()}


def ask(**counts: int) -> bool:
    """One turn of asking, answered with these counts since the API's start."""
    ScrapedApi.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    turn = latency._take_turn(URL)
    assert turn is not None
    return latency.add_measured(url=URL, turn=turn, buckets=measured(**counts))


def test_only_what_is_new_is_added() -> None:
    ask(fast=100)  # before it was asked for the first time: nobody knows of which day
    ask(fast=103, usual=1)
    ask(fast=103, usual=1)
    ask(fast=104, usual=1)

    row = DailyFigures.objects.get()
    assert (row.feed_requests, row.feed_buckets) == (5, measured(fast=4, usual=1))


def test_an_api_that_was_started_anew_counts_from_zero() -> None:
    ask(fast=100)
    ask(fast=110)
    ask(fast=2, slow=1)

    assert DailyFigures.objects.get().feed_buckets == measured(fast=12, slow=1)


def test_of_two_that_ask_at_once_one_counts() -> None:
    ask(fast=1)
    ScrapedApi.objects.update(asked_at=timezone.now() - timedelta(minutes=1))

    turns = run_together(*[lambda: latency._take_turn(URL)] * 3)

    assert [turn for turn in turns if turn is not None] == [2]


def test_an_answer_that_came_too_late_is_dropped() -> None:
    ask(fast=1)
    ScrapedApi.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    late = latency._take_turn(URL) or 0
    ask(fast=9)

    is_added = latency.add_measured(url=URL, turn=late, buckets=measured(fast=5))

    assert (is_added, DailyFigures.objects.get().feed_requests) == (False, 8)


@pytest.mark.parametrize(
    ("counts", "share", "seconds"),
    [
        ({"fast": 10}, 0.5, 0.0005),
        ({"fast": 10}, 1.0, 0.001),
        ({"fast": 50, "usual": 50}, 0.5, 0.001),
        ({"fast": 50, "usual": 50}, 0.75, 0.0055),
        ({"usual": 90, "slow": 10}, 0.95, 0.055),
        ({"lost": 4}, 0.5, 0.1),
        ({}, 0.5, None),
    ],
)
def test_quantiles_are_interpolated_as_prometheus_does(
    counts: dict[str, int], share: float, seconds: float | None
) -> None:
    assert latency.quantile(measured(**counts), share) == (
        None if seconds is None else pytest.approx(seconds)
    )


def test_bounds_of_another_release_are_added_beside() -> None:
    before, after = {"0.01": 5, "+Inf": 0}, {"0.005": 2, "0.02": 3, "+Inf": 0}

    assert latency.news(before, after) == after


def test_a_real_api_is_asked(live_server: LiveServer, settings: Settings, client: APIClient) -> None:
    settings.API_HOSTS = [live_server.url, "http://127.0.0.1:1"]
    measure_feed_latency()
    for _ in range(3):
        assert client.get("/v1/feed").status_code == 200
    ScrapedApi.objects.update(asked_at=timezone.now() - timedelta(minutes=1))

    measure_feed_latency()

    row = DailyFigures.objects.get()
    assert row.feed_requests == 3
    assert row.feed_p50_ms is not None
    assert row.feed_p95_ms is not None
    assert row.feed_p99_ms is not None
    assert 0 < row.feed_p50_ms <= row.feed_p95_ms <= row.feed_p99_ms


def test_an_api_that_keeps_its_metrics_to_itself_is_no_failure(
    live_server: LiveServer, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_HOSTS, settings.ENVIRONMENT = [live_server.url], "production"

    measure_feed_latency()

    assert DailyFigures.objects.count() == 0
    assert "answers 404: is METRICS_TOKEN the same here?" in caplog.text


def test_the_token_of_the_metrics_is_told(live_server: LiveServer, settings: Settings) -> None:
    settings.API_HOSTS, settings.METRICS_TOKEN = [live_server.url], "sesame"

    measure_feed_latency()

    assert ScrapedApi.objects.get().buckets is not None
