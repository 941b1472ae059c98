"""A limit on a route with an id in it counts the requests for all ids together."""

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

from puppies.limits.buckets import Limit
from puppies.limits.requests import buckets_of, route_of


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/posts", "POST /v1/posts"),
        ("/v1/posts/118051706574472680/comments", "POST /v1/posts/{id}/comments"),
        ("/v1/posts/1/2", "POST /v1/posts/{id}/{id}"),
        ("/v1/posts/1", "POST /v1/posts/{id}"),
        ("/v1/users/bella2/posts", "POST /v1/users/bella2/posts"),
        ("/v1/posts/1a/comments", "POST /v1/posts/1a/comments"),
        ("/v1/posts/٣/comments", "POST /v1/posts/٣/comments"),
    ],
)
def test_the_table_calls_a_request_by_its_route(path: str, route: str) -> None:
    assert route_of("POST", path) == route


def test_all_ids_share_a_bucket(settings: Settings) -> None:
    settings.LIMITS = (Limit("comments", 1, 60, "address", ("POST /v1/posts/{id}/comments",)),)

    def keys(request: HttpRequest) -> list[str]:
        return [bucket.key for bucket in buckets_of(request)]

    make = RequestFactory()
    assert (
        keys(make.post("/v1/posts/1/comments"))
        == keys(make.post("/v1/posts/2/comments"))
        == ["limit:comments:127.0.0.1"]
    )
    assert keys(make.get("/v1/posts/1/comments")) == keys(make.post("/v1/posts/1/likes")) == []
