"""What every answer tells browsers and caches, whichever layer gave it."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from puppies.limits.buckets import Limit
from tests.conftest import SignIn
from tests.factories import PostFactory, UserFactory
from tests.puppies.limits.conftest import SetLimits, limits

__all__ = ["limits"]

SITE = "https://app.example.test"
EVERYWHERE = [
    "/livez",
    "/readyz",
    "/metrics",
    "/nothing",
    "/v1/feed",
    "/v1/posts/1",
    "/v1/schema",
    "/docs",
    "/docs?script=",
    "/docs/errors/not_found",
    "/admin/login/",
    "/static/admin/css/base.css",
]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_is_shielded(path: str) -> None:
    response = Client().get(path)
    response.close()  # a static file

    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert response["Permissions-Policy"].startswith("camera=()")
    assert "Server" not in response
    assert "X-Powered-By" not in response


def test_refusals_of_the_outer_layers_are_shielded_too(limits: SetLimits) -> None:
    wrong_host = Client().get("/v1/feed", headers={"Host": "evil.example"})
    limits(Limit("global", 1, 36_000, "address"))
    Client().get("/nothing")
    limited = Client().get("/nothing")

    assert (wrong_host.status_code, limited.status_code) == (400, 429)
    for response in (wrong_host, limited):
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"].startswith("default-src 'none'")
        assert response["X-Request-ID"]


def test_pages_run_no_script_but_their_own_files() -> None:
    page = Client().get("/docs")

    assert "script-src" not in page["Content-Security-Policy"]  # default-src 'self' holds
    assert "<script>" not in page.content.decode()
    script = Client().get("/docs?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert "SwaggerUIBundle" in script.content.decode()


@pytest.mark.parametrize("path", ["/v1/feed", "/v1/posts/1", "/nothing", "/admin/", "/docs", "/static/x"])
def test_a_host_that_is_not_ours_is_refused_everywhere(path: str) -> None:
    response = Client().get(path, headers={"Host": "evil.example"})

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert response.json()["status"] == 400


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_probes_may_come_by_address(path: str) -> None:
    assert Client().get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 200


def test_a_form_without_its_proof_is_a_problem() -> None:
    response = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a", "password": "b"})

    assert (response.status_code, response["Content-Type"]) == (403, "application/problem+json")
    assert response.json()["code"] == "csrf_failed"


def test_caches_keep_answers_for_their_caller_alone(sign_in: SignIn) -> None:
    client = sign_in(UserFactory.create())
    post = PostFactory.create()

    assert client.get(f"/v1/posts/{post.id}")["Cache-Control"] == "private, no-cache"
    assert client.get("/v1/feed")["Cache-Control"] == "private, no-cache"
    assert client.post("/v1/posts", {"content": "hello"})["Cache-Control"] == "no-store"
    assert client.post("/v1/auth/token", {})["Cache-Control"] == "no-store"


def preflight(origin: str, **headers: str) -> Any:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", **headers}
    return APIClient().options("/v1/posts", headers=asked)


def test_no_other_site_may_call_unless_it_is_listed(settings: Settings) -> None:
    strange = preflight(SITE)
    settings.CORS_ALLOWED_ORIGINS = [SITE]
    listed = preflight(SITE)
    similar = [preflight(f"{SITE}.evil.example"), preflight("http://app.example.test"), preflight("null")]

    assert (listed.status_code, listed["Access-Control-Allow-Origin"]) == (200, SITE)
    assert (listed["Cache-Control"], strange["Cache-Control"]) == ("no-store", "no-store")
    assert "idempotency-key" in listed["Access-Control-Allow-Headers"]
    assert not listed.has_header("Access-Control-Allow-Credentials")
    for response in (strange, *similar):
        assert not response.has_header("Access-Control-Allow-Origin")


def test_a_listed_site_reads_the_answers_and_their_headers(settings: Settings, limits: SetLimits) -> None:
    settings.CORS_ALLOWED_ORIGINS = [SITE]
    limits(Limit("global", 1, 36_000, "address"))

    answers = [APIClient().get("/v1/posts/1", headers={"Origin": SITE}) for _ in range(2)]

    assert [response.status_code for response in answers] == [404, 429]
    for response in answers:
        assert response["Access-Control-Allow-Origin"] == SITE
        assert "Retry-After" in response["Access-Control-Expose-Headers"]
        assert "origin" in response["Vary"].lower()


def test_preflights_count_like_any_request(settings: Settings, limits: SetLimits) -> None:
    settings.CORS_ALLOWED_ORIGINS = [SITE]
    limits(Limit("global", 2, 36_000, "address"))

    assert [preflight(SITE).status_code for _ in range(3)] == [200, 200, 429]


def test_pages_of_people_are_not_for_other_sites(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [SITE]

    assert not Client().get("/docs", headers={"Origin": SITE}).has_header("Access-Control-Allow-Origin")
