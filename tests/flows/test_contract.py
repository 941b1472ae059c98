"""Every operation of the published schema, asked whatever the schema allows and much that it forbids, by three kinds of callers.

On a real server, by callers whom the limits do not lock out (LIMITS_FACTOR). CONTRACT_EXAMPLES is the number of random requests for each
operation and caller; a moderator makes half as many.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.flows.contract import BRIEFLY, EXAMPLES, THOROUGHLY, World, ask, ask_by_name
from tests.flows.installation import Installation

# The same requests in every run: a change fails by what it changes.
REPEATABLE = hypothesis_settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# Half of them for whoever is answered as everybody is, but for a few operations.
BRIEF = hypothesis_settings(REPEATABLE, max_examples=max(1, EXAMPLES // 2))
# Who deletes its account is somebody else afterwards: asked below, by somebody whom no other request needs.
DESTRUCTIVE = {"method": "DELETE", "path": "/v1/users/me"}


@pytest.fixture(scope="session")
def world(installation: Installation) -> World:
    return World.made(installation)


@THOROUGHLY.exclude(**DESTRUCTIVE).parametrize()
@REPEATABLE
def test_a_user_is_answered_as_the_schema_says(case: Any, world: World) -> None:
    ask(case, world.callers["plain"], world)
    ask_by_name(case, world.callers["plain"], world)


@BRIEFLY.exclude(**DESTRUCTIVE).parametrize()
@BRIEF
def test_a_moderator_is_answered_as_the_schema_says(case: Any, world: World) -> None:
    ask(case, world.callers["moderator"], world)
    ask_by_name(case, world.callers["moderator"], world)


def is_public(context: Any) -> bool:
    """Whether the operation asks for no token; that the others refuse whoever has none is asked with each of their successes."""
    return {} in context.operation.definition.raw["security"]


@BRIEFLY.include(is_public).parametrize()
@REPEATABLE
def test_nobody_is_answered_as_the_schema_says(case: Any, world: World) -> None:
    ask(case, world.callers["anonymous"], world)
    ask_by_name(case, world.callers["anonymous"], world)


def request(operation: str, **parts: Any) -> Any:
    """One request of an operation such as `POST /v1/posts`."""
    method, path = operation.split(" ")
    return THOROUGHLY[path][method].Case(**parts)


def test_a_life_of_an_account_is_answered_as_the_schema_says(world: World) -> None:
    caller, account = world.newcomer("mortal")
    renewed = {"current_password": account["password"], "new_password": "a-rainy-Walk-43"}

    def answers(operation: str, **parts: Any) -> Any:
        return ask(request(operation, **parts), caller, world)

    signed_in = answers("POST /v1/auth/token", body=account)
    refreshed = answers("POST /v1/auth/token/refresh", body={"refresh": signed_in.json()["refresh"]})
    sessions = answers("GET /v1/auth/sessions").json()["results"]
    other = next(session["id"] for session in sessions if not session["current"])
    statuses = [
        answers("DELETE /v1/auth/sessions/{id}", path_parameters={"id": other}).status_code,
        answers("POST /v1/auth/token/revoke", body={"refresh": refreshed.json()["refresh"]}).status_code,
        answers("POST /v1/auth/password/change", body=renewed).status_code,
        answers("DELETE /v1/users/me").status_code,
        answers("DELETE /v1/users/me").status_code,
    ]

    assert (signed_in.status_code, refreshed.status_code) == (200, 200)
    assert statuses == [204, 204, 204, 202, 401]


def test_what_depends_on_an_answer_before_is_answered_as_the_schema_says(world: World) -> None:
    caller, _ = world.newcomer("author")

    def answers(operation: str, **parts: Any) -> Any:
        return ask(request(operation, **parts), caller, world)

    once = {"headers": {"Idempotency-Key": "once"}}
    first = answers("POST /v1/posts", body={"content": "hello"}, **once)
    again = answers("POST /v1/posts", body={"content": "hello"}, **once)
    other = answers("POST /v1/posts", body={"content": "bye"}, **once)
    place = {"path_parameters": {"id": first.json()["id"]}}
    shown = answers("GET /v1/posts/{id}", **place)
    (tag,) = shown.headers["etag"]
    known = answers("GET /v1/posts/{id}", headers={"If-None-Match": tag}, **place)
    late = answers("PATCH /v1/users/me", body={"bio": "x"}, headers={"If-Match": '"another"'})

    assert [answer.status_code for answer in (first, again, other)] == [201, 201, 422]
    assert again.headers["idempotency-replayed"] == ["true"]
    assert (shown.status_code, known.status_code, late.status_code) == (200, 304, 412)
