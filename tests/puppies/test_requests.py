"""What is refused before any view is asked, and how an answer's format is chosen."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User

PROBLEM = "application/problem+json"

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/livez", "GET, HEAD, OPTIONS"),
        ("/readyz", "GET, HEAD, OPTIONS"),
        ("/metrics", "GET, HEAD, OPTIONS"),
        ("/docs", "GET, HEAD, OPTIONS"),
        ("/docs/errors/not_found", "GET, HEAD, OPTIONS"),
        ("/v1/schema", "GET, HEAD, OPTIONS"),
        ("/.well-known/jwks.json", "GET, HEAD, OPTIONS"),
        ("/v1/feed", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_an_address_does_not_answer_is_405(method: str, path: str, allow: str) -> None:
    response = Client(enforce_csrf_checks=True).generic(method, path)

    assert (response.status_code, response["Content-Type"], response["Allow"]) == (405, PROBLEM, allow)
    assert response.json()["detail"] == f"This address answers {allow}."


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/posts", "OPTIONS, POST"),
        ("PUT", "/v1/posts/1/likes", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("POST", "/v1/users/me", "DELETE, GET, HEAD, OPTIONS, PATCH"),
    ],
)
def test_nobody_is_asked_to_sign_in_for_a_method_that_is_not_there(
    method: str, path: str, allow: str
) -> None:
    response = Client().generic(method, path)

    assert (response.status_code, response["Allow"]) == (405, allow)


@pytest.mark.parametrize("path", ["/v1/posts", "/v1/auth/token", "/v1/users/me", "/livez"])
def test_a_body_without_a_length_is_411(client: APIClient, path: str) -> None:
    response = client.generic("POST", path, headers={"Transfer-Encoding": "chunked"})

    assert (response.status_code, response["Content-Type"]) == (411, PROBLEM)
    assert response.json()["code"] == "length_required"


@pytest.mark.parametrize(
    ("protocol", "content_type", "status"),
    [("HTTP/2", "application/json", 411), ("HTTP/2", "", 401), ("HTTP/1.1", "application/json", 401)],
)
def test_a_body_over_http_2_has_a_length_too(protocol: str, content_type: str, status: int) -> None:
    response = Client().generic(
        "POST", "/v1/users/x/follow", SERVER_PROTOCOL=protocol, CONTENT_TYPE=content_type
    )

    assert response.status_code == status


def test_a_refusal_does_not_speak_of_settings(client: APIClient) -> None:
    response = client.get("/v1/feed?" + "&".join(["a=1"] * 1_001))

    assert (response.status_code, response.json()["detail"]) == (400, "The request is not valid")


@pytest.mark.parametrize("path", ["/admin/accounts/user/?state__exact=x%00", "/admin/?q=%00", "/docs?x=%00"])
def test_nul_in_the_address_of_a_page_is_400(path: str) -> None:
    User.objects.create_superuser("root_user", "root@example.test", "a-sunny-Walk-42")
    pages = Client()
    assert pages.login(username="root_user", password="a-sunny-Walk-42")

    response = pages.get(path)

    assert (response.status_code, response["Content-Type"]) == (400, PROBLEM)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        " ",
        "*/*",
        "application/*",
        "application/json; q=0.1",
        "text/html, */*;q=0.1",
        "text/html;q=0, application/json",
        "*/*;q=0, application/json",
        "application/json;q=much",
    ],
)
def test_json_is_answered_to_whoever_takes_it(client: APIClient, accept: str) -> None:
    response = client.get("/v1/feed", headers={"Accept": accept})

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "accept",
    ["application/json;q=0", "application/json;q=0, */*", "*/*;q=0", "application/*;q=0.0, */*", "text/html"],
)
def test_nothing_but_json_is_answered(client: APIClient, accept: str) -> None:
    response = client.get("/v1/feed", headers={"Accept": accept})

    assert (response.status_code, response["Content-Type"]) == (406, PROBLEM)


@pytest.mark.parametrize("path", ["/v1/feed?format=xml", "/v1/schema?format=xml"])
def test_a_format_is_not_chosen_by_a_parameter(client: APIClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_the_schema_is_there_in_json_and_yaml() -> None:
    kinds = [
        Client().get("/v1/schema", headers={"Accept": accept})["Content-Type"].partition(";")[0]
        for accept in ("application/json", "application/yaml", "application/vnd.oai.openapi+json")
    ]

    assert kinds == ["application/json", "application/yaml", "application/vnd.oai.openapi+json"]
