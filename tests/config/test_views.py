import subprocess
import sys

import pytest
from drf_spectacular.generators import SchemaGenerator
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from config.settings.core import BASE_DIR
from config.settings.limits import LIMITS_BY_DEFAULT
from tests.database import lose_the_connection

METRICS = {
    "puppies_http_request_seconds",
    "puppies_deliveries_open",
    "puppies_deliveries_dead",
    "puppies_deliveries_overdue_seconds",
    "puppies_ledger_entries",
}


def test_a_process_that_runs_says_so_without_asking_the_database(
    anonymous_client: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        response = anonymous_client.get("/livez")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_a_process_that_can_serve_says_so(anonymous_client: APIClient) -> None:
    response = anonymous_client.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ok", "database": True})


@pytest.mark.django_db(transaction=True)
def test_a_process_without_its_database_is_not_ready_until_it_is_back() -> None:
    client = APIClient()
    lose_the_connection()

    without, back = client.get("/readyz"), client.get("/readyz")

    assert (without.status_code, without.json()) == (503, {"status": "unavailable", "database": False})
    assert (back.status_code, back.json()) == (200, {"status": "ok", "database": True})


def test_metrics_tell_of_requests_and_deliveries(anonymous_client: APIClient) -> None:
    response = anonymous_client.get("/metrics")

    assert response.status_code == 200
    text = response.content.decode()
    assert {name for name in METRICS if f"# TYPE {name} " not in text} == set()


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer sesame", 200),
        ("Bearer", 404),
        ("Bearer wrong", 404),
        ("Basic sesame", 404),
        ("", 404),
        ("Bearer ÿ", 404),
    ],
)
def test_metrics_with_a_token_are_for_its_bearer(
    anonymous_client: APIClient, settings: Settings, authorization: str, status: int
) -> None:
    settings.METRICS_TOKEN = "sesame"

    response = anonymous_client.get("/metrics", headers={"Authorization": authorization})

    assert response.status_code == status


def test_metrics_in_production_need_a_token(anonymous_client: APIClient, settings: Settings) -> None:
    settings.ENVIRONMENT = "production"

    assert anonymous_client.get("/metrics").status_code == 404


SHOW = """
from prometheus_client import REGISTRY
import config.urls
for family in REGISTRY.collect():
    for sample in family.samples:
        if not sample.name.endswith("_created"):
            print(sample.name, *sample.labels.values(), sample.value)
"""


def test_what_has_not_happened_yet_is_told_as_zero() -> None:
    """In a process of its own: here other tests have made it happen."""
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", SHOW],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = set(done.stdout.splitlines())

    reasons = {
        f"puppies_feeds_fallbacks_total {reason} 0.0" for reason in ("open", "timeout", "database", "error")
    }
    limits = {f"puppies_limits_refused_total {limit.name} 0.0" for limit in LIMITS_BY_DEFAULT}
    breakers = {
        f"puppies_breaker_{what} {name} 0.0"
        for what in ("open", "failures_total")
        for name in ("home_feed", "redis")
    }
    assert reasons | limits | breakers | {"puppies_limits_local_total 0.0"} <= told


def test_the_meaning_of_a_code_is_a_page_that_shows_no_markup(anonymous_client: APIClient) -> None:
    assert "Sign in first" in anonymous_client.get("/docs/errors/unauthenticated").content.decode()
    assert anonymous_client.get("/docs/errors/%3Cscript%3E").status_code == 404


def test_the_schema_is_made_once_whatever_the_query_says(
    anonymous_client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = anonymous_client.get("/v1/schema")

    def made_again(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(SchemaGenerator, "get_schema", made_again)
    second = anonymous_client.get("/v1/schema?version=%0a&lang=de")

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content


def test_the_schema_tells_of_every_operation(anonymous_client: APIClient) -> None:
    response = anonymous_client.get("/v1/schema", headers={"Accept": "application/vnd.oai.openapi+json"})

    operations = response.json()["paths"]
    assert {"/v1/feed", "/v1/posts", "/v1/posts/{id}/likes", "/v1/auth/register"} <= set(operations)
