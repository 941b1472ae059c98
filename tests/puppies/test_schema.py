"""What the published schema promises, as a client's generator reads it."""

import re
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from puppies.api import problems
from puppies.errors import DomainError

SCHEMA = yaml.safe_load((settings.BASE_DIR / "docs" / "openapi.yaml").read_text())
COMPONENTS = SCHEMA["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: operation
    for methods in SCHEMA["paths"].values()
    for operation in methods.values()
}
CODE = re.compile(r"`([a-z][a-z_]*)`")
PUBLIC = {
    "feed_popular_list",
    "auth_email_verify_create",
    "auth_oauth_create",
    "auth_password_reset_confirm_create",
    "auth_password_reset_create",
    "auth_register_create",
    "auth_token_create",
    "auth_token_refresh_create",
    "auth_token_revoke_create",
    "comments_retrieve",
    "jwks_retrieve",
    "posts_comments_list",
    "posts_likes_list",
    "posts_retrieve",
    "users_followers_list",
    "users_following_list",
    "users_list",
    "users_posts_list",
    "users_retrieve",
}
# Only pages for people, and the admin, answer these.
OF_PAGES = {"csrf_failed", "forbidden"}
LISTS = [name for name in OPERATIONS if name.endswith("_list")]


def response(name: str, status: str) -> dict[str, Any]:
    """What an operation declares of a status, wherever it is written."""
    found: dict[str, Any] = OPERATIONS[name]["responses"][status]
    shared: dict[str, dict[str, Any]] = SCHEMA["components"]["responses"]
    return shared[found["$ref"].rpartition("/")[2]] if "$ref" in found else found


def codes_declared() -> dict[str, str]:
    """Every code that a refusal's description names, with its status."""
    return {
        code: status
        for name, operation in OPERATIONS.items()
        for status in operation["responses"]
        if status >= "400"
        for code in CODE.findall(response(name, status)["description"])
    }


def member(component: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = COMPONENTS[component]["properties"][name]
    return found


def test_the_checked_in_schema_is_the_one_that_the_views_have(tmp_path: Any) -> None:
    fresh = tmp_path / "openapi.yaml"

    call_command("spectacular", file=str(fresh), validate=True, fail_on_warn=True)

    assert yaml.safe_load(fresh.read_text()) == SCHEMA


def test_bounds_are_the_ones_that_are_held() -> None:
    username, password = member("RegisterInput", "username"), member("RegisterInput", "password")

    assert (username["minLength"], username["maxLength"]) == (3, 30)
    assert username["pattern"] == "^[A-Za-z0-9_]{3,30}$"
    assert (password["minLength"], password["maxLength"]) == (8, 256)
    assert "white space at both ends is removed" in member("PostInput", "content")["description"]


@pytest.mark.parametrize("name", LISTS)
def test_every_list_tells_the_bounds_of_its_pages(name: str) -> None:
    (limit,) = [row["schema"] for row in OPERATIONS[name]["parameters"] if row["name"] == "limit"]

    assert limit == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}


def test_every_tag_is_described() -> None:
    used = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
    described = {tag["name"] for tag in SCHEMA["tags"] if tag["description"].endswith(".")}

    assert described == used


def test_lists_are_named_as_lists() -> None:
    assert {"feed_list", "users_posts_list", "users_list", "auth_sessions_list"} <= set(LISTS)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_refusals_of_bodies_are_declared_where_there_is_one(name: str) -> None:
    declared = {"411", "413", "415"} & set(OPERATIONS[name]["responses"])

    assert declared == ({"411", "413", "415"} if "requestBody" in OPERATIONS[name] else set())


def test_refusals_name_their_codes() -> None:
    def said(name: str, status: str) -> str:
        return str(response(name, status)["description"])

    assert said("auth_token_create", "401") == "Refused: `wrong_credentials`."
    assert (
        said("auth_token_refresh_create", "401")
        == "Refused: `refresh_token_reused`, `invalid_refresh_token`."
    )
    assert "`username_taken`, `username_reserved`, `email_taken`" in said("auth_register_create", "409")
    assert "session has ended" in said("feed_list", "401")


def test_links_ids_and_tokens_are_explained() -> None:
    assert "nullable" not in member("PostPage", "previous")
    assert member("HomeFeed", "previous")["nullable"]
    assert member("Post", "id")["pattern"] == "^[1-9][0-9]{0,18}$"
    assert member("Relationship", "followed_by")["description"] == "This account follows the caller."
    assert "15 minutes" in SCHEMA["components"]["securitySchemes"]["bearer"]["description"]
    assert "(/docs/errors)" in SCHEMA["info"]["description"]
    for name in ("posts_create", "posts_comments_create"):
        assert {"Location", "ETag"} <= set(OPERATIONS[name]["responses"]["201"]["headers"])


def test_every_code_that_the_api_can_answer_is_declared() -> None:
    said_of_all = set(CODE.findall(SCHEMA["info"]["description"]))
    of_tests = {rule.code for rule in DomainError.__subclasses__() if rule.__module__.startswith("tests.")}

    undeclared = set(problems.meanings()) - set(codes_declared()) - said_of_all

    assert undeclared - of_tests == OF_PAGES


@pytest.mark.django_db
@pytest.mark.parametrize(("code", "status"), sorted(codes_declared().items()))
def test_every_code_that_is_declared_has_its_page(code: str, status: str) -> None:
    page = Client().get(f"/docs/errors/{code}")

    assert page.status_code == 200
    assert problems.meanings()[code]["status"] == int(status)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_public_operations_say_so(name: str) -> None:
    is_public = {} in OPERATIONS[name]["security"]

    assert is_public == (name in PUBLIC)


@pytest.mark.parametrize("name", [name for name in COMPONENTS if name.endswith("Input")])
def test_bodies_take_no_other_members(name: str) -> None:
    forms = COMPONENTS[name].get("oneOf", [COMPONENTS[name]])

    assert {form["additionalProperties"] for form in forms} == {False}


@pytest.mark.parametrize(
    ("operation", "component", "more"),
    [("auth_oauth_create", "OAuthInput", {"user"}), ("auth_oauth_link_create", "ProofInput", set())],
)
def test_a_proof_is_a_token_or_a_code(operation: str, component: str, more: set[str]) -> None:
    token, code = COMPONENTS[component]["oneOf"]

    assert token["required"] == ["id_token", "nonce"]
    assert set(token["properties"]) == {"id_token", "nonce"} | more
    assert code["required"] == ["code", "code_verifier", "redirect_uri"]
    assert set(code["properties"]) == {"code", "code_verifier", "redirect_uri", "nonce"} | more
    assert OPERATIONS[operation]["requestBody"]["required"]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_answer_declares_its_headers(name: str) -> None:
    for status in OPERATIONS[name]["responses"]:
        headers = set(response(name, status)["headers"])

        assert {"X-Request-ID", "RateLimit", "RateLimit-Policy", "RateLimit-Remaining"} <= headers
        assert ("Retry-After" in headers) == (status in {"429", "503"})
        assert ("WWW-Authenticate" in headers) == (status == "401")
