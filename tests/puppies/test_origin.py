"""Whose host a request may name, remembered or not."""

import pytest
from django.core.exceptions import DisallowedHost
from django.test import RequestFactory
from pytest_django import Settings

from puppies.api.origin import origin_of


@pytest.fixture(autouse=True)
def hosts(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["puppies.example", ".pets.example"]


def asked(host: str, **environment: str) -> str:
    return origin_of(RequestFactory().get("/v1/feed", headers={"host": host}, **environment))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "host", ["puppies.example", "puppies.example:8443", "a.pets.example", "PUPPIES.example"]
)
def test_an_origin_is_what_django_makes_of_it(host: str) -> None:
    request = RequestFactory().get("/v1/feed", headers={"host": host})

    assert [origin_of(request), asked(host), asked(host)] == [request.build_absolute_uri("/")[:-1]] * 3


@pytest.mark.parametrize(
    "host", ["evil.example", "puppies.example.evil.example", "puppies.example/x", "", "a b"]
)
def test_a_host_that_is_not_ours_is_refused_each_time(host: str) -> None:
    for _ in range(2):
        with pytest.raises(DisallowedHost):
            asked(host)


def test_a_host_that_is_taken_away_is_refused_at_once(settings: Settings) -> None:
    assert asked("puppies.example") == "http://puppies.example"

    settings.ALLOWED_HOSTS = ["other.example"]

    with pytest.raises(DisallowedHost):
        asked("puppies.example")


def test_the_scheme_is_what_the_proxy_says(settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    origins = [asked("puppies.example", HTTP_X_FORWARDED_PROTO=proto) for proto in ("https", "http")]

    assert origins == ["https://puppies.example", "http://puppies.example"]


def test_a_request_without_a_host_has_the_servers(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]

    assert origin_of(RequestFactory().get("/v1/feed")) == "http://testserver"
