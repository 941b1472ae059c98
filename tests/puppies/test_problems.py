from typing import Any

import pytest
from django.db import connection
from rest_framework.exceptions import ErrorDetail
from rest_framework.test import APIClient

from accounts.models import User
from puppies.api import problems
from puppies.errors import FieldProblem
from tests.database import lose_the_connection

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "trace_id", "errors"}

failing = pytest.mark.urls("tests.puppies.urls_that_fail")


@pytest.fixture
def calm_client(db: None) -> APIClient:
    """A client who is answered, also when the view has a bug."""
    return APIClient(raise_request_exception=False)


def problem(response: Any) -> dict[str, Any]:
    """The document of a refusal, which has all members and agrees with its own status line."""
    document: dict[str, Any] = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert set(document) == MEMBERS
    assert document["status"] == response.status_code
    assert document["type"] == f"/docs/errors/{document['code']}"
    assert document["instance"] == response.wsgi_request.path
    assert document["trace_id"] == response["X-Request-ID"]
    return document


@failing
@pytest.mark.parametrize("layer", ["plain", "v1/rest"])
@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("bug", 500, "internal_error"),
        ("bad_request", 400, "invalid"),
        ("suspicious", 400, "invalid"),
        ("denied", 403, "forbidden"),
        ("absent", 404, "not_found"),
        ("rule", 409, "out_of_bones"),
        ("signed_out", 401, "unauthenticated"),
        ("away", 503, "unavailable"),
        ("slow", 503, "unavailable"),
    ],
)
def test_every_layer_fails_with_a_problem_document(
    calm_client: APIClient, layer: str, how: str, status: int, code: str
) -> None:
    response = calm_client.get(f"/{layer}/{how}")

    document = problem(response)
    assert (response.status_code, document["code"]) == (status, code)
    assert "secret" not in response.content.decode()


@failing
@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("throttled", 429, "rate_limited"),
        ("drf_denied", 403, "forbidden"),
        ("invalid", 400, "validation_failed"),
    ],
)
def test_refusals_of_the_framework_are_problem_documents(
    calm_client: APIClient, how: str, status: int, code: str
) -> None:
    response = calm_client.get(f"/v1/rest/{how}")

    assert problem(response)["code"] == code
    assert response.status_code == status


@failing
@pytest.mark.parametrize("layer", ["plain", "v1/rest"])
def test_a_broken_rule_tells_everything_it_knows(calm_client: APIClient, layer: str) -> None:
    response = calm_client.get(f"/{layer}/rule")

    document = problem(response)
    assert document["title"] == "There are no bones left"
    assert document["detail"] == "Rex ate them."
    assert document["errors"] == [{"pointer": "/bone", "code": "eaten", "detail": "It is gone."}]
    assert response["Retry-After"] == "30"


@failing
@pytest.mark.parametrize("layer", ["plain", "v1/rest"])
def test_a_failing_store_says_when_to_try_again(calm_client: APIClient, layer: str) -> None:
    response = calm_client.get(f"/{layer}/slow")

    assert (response.status_code, response["Retry-After"]) == (503, "2")


@failing
@pytest.mark.parametrize("layer", ["plain", "v1/rest"])
def test_whoever_is_not_signed_in_learns_how(calm_client: APIClient, layer: str) -> None:
    assert calm_client.get(f"/{layer}/signed_out")["WWW-Authenticate"] == 'Bearer realm="puppies"'


@failing
def test_nested_errors_are_pointed_at(calm_client: APIClient) -> None:
    document = problem(calm_client.get("/v1/rest/invalid"))

    assert document["errors"] == [
        {"pointer": "/kind/1", "code": "invalid", "detail": "A valid integer is required."}
    ]


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_503_and_the_next_request_is_answered() -> None:
    client = APIClient(raise_request_exception=False)
    lose_the_connection()

    response = client.get("/v1/users/nobody")

    assert problem(response)["code"] == "unavailable"
    assert response["Retry-After"] == "2"
    connection.close()
    assert client.get("/v1/users/nobody").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/", "/v1/nothing", "/docs/nothing", "/nothing/", "/v1/feed/", "/docs/errors/unheard-of"],
)
def test_addresses_of_nothing_are_404(anonymous_client: APIClient, path: str) -> None:
    response = anonymous_client.get(path)

    assert problem(response) | {"trace_id": ""} == {
        "type": "/docs/errors/not_found",
        "title": "There is nothing here",
        "status": 404,
        "detail": "There is nothing here",
        "instance": path,
        "code": "not_found",
        "trace_id": "",
        "errors": [],
    }


def test_a_method_that_is_not_there_is_405(client: APIClient) -> None:
    response = client.put("/v1/feed", {})

    assert problem(response)["code"] == "method_not_allowed"
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_a_body_in_another_format_is_415(client: APIClient) -> None:
    response = client.post("/v1/posts", "content=hello", content_type="application/x-www-form-urlencoded")

    assert problem(response)["code"] == "unsupported_media_type"
    assert response.status_code == 415


def test_an_answer_in_another_format_is_406(client: APIClient) -> None:
    response = client.get("/v1/feed", headers={"Accept": "text/html"})

    assert problem(response)["code"] == "not_acceptable"
    assert response.status_code == 406


def test_a_body_larger_than_a_megabyte_is_413(client: APIClient) -> None:
    body = b'{"content": "' + b"x" * 1_048_577 + b'"}'

    response = client.post("/v1/posts", body, content_type="application/json")

    assert problem(response)["code"] == "too_large"
    assert response.status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b"nul",
        b"\xff\xfe",
        b'{"content": "\\ud800"}',
        b'{"content": NaN}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_json_is_400(client: APIClient, body: bytes) -> None:
    response = client.post("/v1/posts", body, content_type="application/json")

    assert problem(response)["status"] == 400


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"7", b"true"])
def test_a_body_that_is_no_object_is_400(client: APIClient, body: bytes) -> None:
    response = client.post("/v1/posts", body, content_type="application/json")

    document = problem(response)
    assert (document["code"], [row["pointer"] for row in document["errors"]]) == ("validation_failed", [""])


def test_a_host_that_is_not_ours_is_400(client: APIClient, user: User) -> None:
    response = client.get(f"/v1/users/{user.username}/posts", headers={"Host": "evil.example"})

    assert problem(response)["status"] == 400


def test_each_type_leads_to_a_page_and_every_rule_has_one(anonymous_client: APIClient) -> None:
    anonymous_client.get("/nothing")  # the routes, and with them every rule, are loaded now
    codes = sorted(problems.meanings())

    pages = {code: anonymous_client.get(f"/docs/errors/{code}") for code in codes}

    assert {"validation_failed", "username_taken", "invalid_cursor", "invalid_limit", "unavailable"} <= set(
        codes
    )
    assert {code: page.status_code for code, page in pages.items()} == dict.fromkeys(codes, 200)
    assert all(f"<code>{code}</code>" in page.content.decode() for code, page in pages.items())


def test_field_problems_of_the_whole_body_point_at_the_body() -> None:
    details = {
        "non_field_errors": [ErrorDetail("Choose one.", "both")],
        "a": {"b": [ErrorDetail("No.", "c")]},
    }

    assert problems.field_problems(details) == [
        FieldProblem("", "both", "Choose one."),
        FieldProblem("/a/b", "c", "No."),
    ]


@pytest.mark.parametrize(
    ("name", "pointer"),
    [("message", "/message"), ("a/b", "/a~1b"), ("~1", "/~01"), ("", "/")],
)
def test_a_member_is_pointed_at_whatever_its_name(client: APIClient, name: str, pointer: str) -> None:
    response = client.post("/v1/posts", {"code": "y", name: "x"})

    refusals = {row["pointer"]: (row["code"], row["detail"]) for row in problem(response)["errors"]}
    unknown = ("unknown_field", "This field is not known here.")
    assert refusals == {"/code": unknown, pointer: unknown}


def test_a_body_that_is_no_object_is_told_so_in_words_of_json(client: APIClient) -> None:
    response = client.post("/v1/posts", [1])

    assert [row["detail"] for row in problem(response)["errors"]] == ["Give a JSON object."]
