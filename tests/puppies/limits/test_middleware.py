"""Limits as clients meet them, with a real Redis behind."""

from ipaddress import ip_network
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from config.settings.limits import LIMITS_BY_DEFAULT
from posts.models import Post
from puppies.limits.buckets import Limit
from puppies.limits.requests import fingerprint
from tests.conftest import SignIn
from tests.factories import PASSWORD, UserFactory
from tests.puppies.limits.conftest import SetLimits

pytestmark = pytest.mark.django_db

EVERYTHING = Limit("global", 3, 36_000, "address")
BY_USER = Limit("posts-by-user", 2, 36_000, "user", ("POST /v1/posts",))
BY_ADDRESS = Limit("posts-by-address", 3, 36_000, "address", ("POST /v1/posts",))


def statuses(client: Client, path: str, count: int, **extra: Any) -> list[int]:
    return [client.get(path, **extra).status_code for _ in range(count)]


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/v1/nothing", "/admin/login/", "/docs", "/docs/errors/not_found", "/v1/posts/1", "/"],
)
def test_every_address_counts(anonymous_client: APIClient, limits: SetLimits, path: str) -> None:
    limits(EVERYTHING)

    first, *others = statuses(anonymous_client, path, 5)

    assert first in {200, 302, 404}
    assert others == [first, first, 429, 429]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_probes_are_never_refused(anonymous_client: APIClient, limits: SetLimits, path: str) -> None:
    limits(EVERYTHING)

    assert statuses(anonymous_client, path, 6) == [200] * 6


def test_addresses_do_not_share_but_those_of_one_ipv6_network_do(
    anonymous_client: APIClient, limits: SetLimits
) -> None:
    limits(EVERYTHING)

    network = [f"2001:db8:0:1::{number:x}" for number in range(5)]
    found = [anonymous_client.get("/nothing", REMOTE_ADDR=address).status_code for address in network]

    assert found == [404, 404, 404, 429, 429]
    assert anonymous_client.get("/nothing", REMOTE_ADDR="2001:db8:0:2::1").status_code == 404
    assert anonymous_client.get("/nothing", REMOTE_ADDR="192.0.2.7").status_code == 404


def test_a_made_up_forwarded_address_changes_nothing(anonymous_client: APIClient, limits: SetLimits) -> None:
    limits(EVERYTHING)

    found = [
        anonymous_client.get("/nothing", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}").status_code
        for number in range(5)
    ]

    assert found == [404, 404, 404, 429, 429]


def test_the_clients_of_a_trusted_proxy_do_not_share(
    anonymous_client: APIClient, limits: SetLimits, settings: Settings
) -> None:
    limits(EVERYTHING)
    settings.TRUSTED_PROXIES = (ip_network("127.0.0.1"),)

    first = statuses(anonymous_client, "/nothing", 4, HTTP_X_FORWARDED_FOR="203.0.113.1")
    second = statuses(anonymous_client, "/nothing", 1, HTTP_X_FORWARDED_FOR="203.0.113.1, 203.0.113.2")

    assert (first, second) == ([404, 404, 404, 429], [404])


def test_an_answer_tells_its_limits(anonymous_client: APIClient, limits: SetLimits) -> None:
    limits(Limit("global", 1_000, 60, "address"))

    response = anonymous_client.get("/v1/posts/1")

    assert response["RateLimit-Limit"] == "1000"
    assert response["RateLimit-Remaining"] == "999"
    assert response["RateLimit-Reset"] == "1"
    assert response["RateLimit-Policy"] == '"global";q=1000;w=60'
    assert response["RateLimit"] == '"global";r=999;t=1'


def test_the_tightest_of_several_limits_is_told(client: APIClient, limits: SetLimits) -> None:
    limits(Limit("global", 1_000, 60, "address"), BY_USER, BY_ADDRESS)

    response = client.post("/v1/posts", {"content": "hello"})

    assert (response["RateLimit-Limit"], response["RateLimit-Remaining"]) == ("2", "1")
    assert response["RateLimit-Policy"] == (
        '"global";q=1000;w=60, "posts-by-user";q=2;w=36000, "posts-by-address";q=3;w=36000'
    )


def test_a_refusal_is_a_problem_that_says_when(client: APIClient, limits: SetLimits) -> None:
    limits(Limit("posts-by-user", 1, 60, "user", ("POST /v1/posts",)))
    client.post("/v1/posts", {"content": "one"})

    response = client.post("/v1/posts", {"content": "two"})

    document = response.json()
    assert (response.status_code, response["Content-Type"]) == (429, "application/problem+json")
    assert (document["code"], document["type"]) == ("rate_limited", "/docs/errors/rate_limited")
    assert response["Retry-After"] == "60"
    assert (response["RateLimit-Remaining"], response["RateLimit-Reset"]) == ("0", "60")
    assert response["X-Request-ID"] == document["trace_id"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert Post.objects.count() == 1


def test_posting_is_limited_by_user_and_by_address(limits: SetLimits, sign_in: SignIn) -> None:
    limits(BY_USER, BY_ADDRESS)
    first, second = (sign_in(UserFactory.create()) for _ in range(2))

    found = [
        client.post("/v1/posts", {"content": "hello"}, REMOTE_ADDR=address).status_code
        for client, address in [
            (first, "192.0.2.1"),
            (first, "192.0.2.2"),
            (first, "192.0.2.3"),
            (second, "192.0.2.1"),
            (second, "192.0.2.1"),
            (second, "192.0.2.1"),
        ]
    ]

    assert found == [201, 201, 429, 201, 201, 429]


def test_reading_is_not_limited_like_posting(client: APIClient, limits: SetLimits) -> None:
    limits(BY_USER, BY_ADDRESS)

    assert statuses(client, "/v1/feed", 6) == [200] * 6


def test_guesses_at_one_password_are_limited_however_the_name_is_spelled(
    anonymous_client: APIClient, limits: SetLimits
) -> None:
    limits(Limit("sign-in-by-account", 2, 36_000, "account", ("POST /v1/auth/token",), "username"))
    names = ["Rex_dog", "rex_dog ", "ＲＥＸ_ＤＯＧ", "other_dog"]

    found = [
        anonymous_client.post(
            "/v1/auth/token", {"username": name, "password": PASSWORD}, REMOTE_ADDR=f"192.0.2.{number}"
        ).status_code
        for number, name in enumerate(names)
    ]

    assert found == [401, 401, 429, 401]


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", MULTIPART_CONTENT])
def test_the_doors_of_api_and_admin_share_their_guesses(limits: SetLimits, content_type: str) -> None:
    doors = ("POST /v1/auth/token", "POST /admin/login/")
    limits(Limit("sign-in-by-account", 3, 36_000, "account", doors, "username"))
    form = {"username": "Rex_dog", "password": PASSWORD}
    encoded = urlencode(form) if content_type.endswith("urlencoded") else encode_multipart(BOUNDARY, form)

    def guess() -> int:
        return Client().generic("POST", "/admin/login/", encoded, content_type=content_type).status_code

    found = [guess(), guess(), APIClient().post("/v1/auth/token", form).status_code, guess()]

    assert found == [200, 200, 401, 429]


def test_a_form_in_another_charset_counts_too(limits: SetLimits) -> None:
    limits(Limit("sign-in-by-account", 9, 36_000, "account", ("POST /admin/login/",), "username"), EVERYTHING)

    answer = Client().generic(
        "POST",
        "/admin/login/",
        b"username=a",
        content_type="application/x-www-form-urlencoded; charset=utf-16",
    )

    assert (answer.status_code, answer["RateLimit-Remaining"]) == (400, "2")


def test_addresses_that_are_one_to_postgresql_share_a_bucket() -> None:
    UserFactory.create(email="bill@example.test")
    dotted = "b\u0130ll@example.test"

    assert User.objects.with_email(dotted).exists()
    assert fingerprint(dotted) == fingerprint("BILL@example.test ")


@pytest.mark.parametrize("body", [b"", b"--", b"a=" * 2_000])
def test_a_form_that_cannot_be_read_is_limited_by_address(limits: SetLimits, body: bytes) -> None:
    by_account = Limit("sign-in-by-account", 1, 36_000, "account", ("POST /admin/login/",), "username")
    limits(by_account, Limit("sign-in-by-address", 2, 36_000, "address", ("POST /admin/login/",)))

    found = [
        Client().generic("POST", "/admin/login/", body, content_type=MULTIPART_CONTENT).status_code
        for _ in range(3)
    ]

    assert 429 not in found[:2]
    assert max(found) == 429


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"username": 7}', b"null", b'{"username": null}'])
def test_a_body_that_names_no_account_is_left_to_the_view(
    anonymous_client: APIClient, limits: SetLimits, body: bytes
) -> None:
    limits(Limit("sign-in-by-account", 1, 36_000, "account", ("POST /v1/auth/token",), "username"))

    found = [
        anonymous_client.post("/v1/auth/token", body, content_type="application/json").status_code
        for _ in range(2)
    ]

    assert found == [400, 400]


def test_a_body_too_large_is_still_413(anonymous_client: APIClient, limits: SetLimits) -> None:
    limits(Limit("sign-in-by-account", 1, 36_000, "account", ("POST /v1/auth/token",), "username"))

    response = anonymous_client.post("/v1/auth/token", b" " * 1_048_577, content_type="application/json")

    assert response.status_code == 413


def test_a_bad_token_is_counted_by_address_alone(limits: SetLimits) -> None:
    limits(BY_USER, BY_ADDRESS)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer nonsense")

    found = [client.post("/v1/posts", {"content": "hello"}).status_code for _ in range(4)]

    assert found == [401, 401, 401, 429]


@pytest.mark.urls("tests.puppies.urls_that_fail")
def test_failures_on_our_side_are_refunded(limits: SetLimits) -> None:
    limits(EVERYTHING)
    client = APIClient(raise_request_exception=False)

    assert statuses(client, "/plain/bug", 5) == [500] * 5
    assert client.get("/plain/away")["RateLimit-Remaining"] == "3"
    assert statuses(client, "/plain/denied", 4) == [403, 403, 403, 429]


def test_a_replay_costs_a_request_but_no_post(client: APIClient, limits: SetLimits) -> None:
    limits(Limit("global", 5, 36_000, "address"), BY_USER)
    key = {"Idempotency-Key": "a"}

    found = [client.post("/v1/posts", {"content": "hello"}, headers=key) for _ in range(6)]

    assert [response.status_code for response in found] == [201] * 5 + [429]
    assert [response.get("Idempotency-Replayed") for response in found[:3]] == [None, "true", "true"]
    assert found[4]["RateLimit"].startswith('"global";r=0;')
    assert '"posts-by-user";r=1;' in found[4]["RateLimit"]
    assert Post.objects.count() == 1


def test_the_table_of_production_is_what_was_promised() -> None:
    table = {limit.name: limit for limit in LIMITS_BY_DEFAULT}

    assert (table["global"].quantity, table["global"].seconds, table["global"].routes) == (1_000, 60, ())
    for name, per in (("posts-by-user", "user"), ("posts-by-address", "address")):
        assert table[name] == Limit(name, 10, 60, per, ("POST /v1/posts",))  # type: ignore[arg-type]
    for door in ("sign-in", "register", "reset"):
        assert {f"{door}-by-account", f"{door}-by-address"} <= set(table)
    assert {"refresh-by-token", "refresh-by-address"} <= set(table)
    assert len(table) == len(LIMITS_BY_DEFAULT)


def test_a_refused_page_is_told_too(limits: SetLimits) -> None:
    limits(Limit("global", 1, 36_000, "address"))
    client = Client()
    client.get("/docs")

    response: HttpResponse = client.get("/docs")  # type: ignore[assignment]

    assert (response.status_code, response["Retry-After"]) == (429, "36000")
