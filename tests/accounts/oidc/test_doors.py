"""A provider that is slow holds up few: one caller of a process at a time, two in a row, then nobody for a while."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from time import monotonic
from uuid import uuid4

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.oidc import doors, fetching, jwks
from accounts.oidc.doors import Door, DoorShut, Line
from accounts.oidc.fetching import ProviderUnavailable
from accounts.oidc.jwks import KeySet
from puppies.limits.buckets import Limit
from tests.accounts.oidc.people import GOOGLE, answered
from tests.accounts.oidc.provider import REDIRECT, IdentityProvider
from tests.threads import run_together

VERIFIER = "v" * 43
CODE = {"code": "x", "code_verifier": VERIFIER, "redirect_uri": REDIRECT}


class Silence:
    """A provider that takes questions and answers none until it is over."""

    def __init__(self) -> None:
        self.asked, self.over = threading.Event(), threading.Event()

    def __call__(self, _: BaseHTTPRequestHandler) -> None:
        self.asked.set()
        self.over.wait(30)


@pytest.fixture
def silence() -> Iterator[Silence]:
    silent = Silence()
    yield silent
    silent.over.set()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "WHOLE_SECONDS", 0.3)


def seconds_of(call: Callable[[], object]) -> float:
    start = monotonic()
    call()
    return monotonic() - start


def test_after_two_failures_nobody_waits_for_a_while(
    idp: IdentityProvider, anonymous_client: APIClient, silence: Silence, impatient: None
) -> None:
    idp.answers["/token"] = silence

    slow = [seconds_of(lambda: anonymous_client.post(GOOGLE, CODE)) for _ in range(2)]
    answers = [anonymous_client.post(GOOGLE, CODE) for _ in range(5)]

    assert min(slow) >= 0.3
    assert {answered(answer) for answer in answers} == {(503, "provider_unavailable")}
    assert {answer["Retry-After"] for answer in answers} == {"10"}
    assert idp.asked == {"/token": 2}


def test_a_provider_that_is_back_is_asked_again(
    idp: IdentityProvider,
    anonymous_client: APIClient,
    silence: Silence,
    impatient: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doors, "CLOSED_SECONDS", 0.5)
    idp.answers["/token"] = silence
    for _ in range(3):
        anonymous_client.post(GOOGLE, CODE)
    del idp.answers["/token"]
    code = idp.begin(idp.claims(), verifier=VERIFIER)

    until, status = monotonic() + 30, 503
    while status == 503 and monotonic() < until:
        status = anonymous_client.post(GOOGLE, CODE | {"code": code}).status_code

    assert status == 201


def test_refusals_of_a_code_close_no_door(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    answers = [answered(anonymous_client.post(GOOGLE, CODE)) for _ in range(4)]

    assert answers == [(401, "authorization_code_refused")] * 4
    assert idp.asked["/token"] == 4


def test_one_caller_waits_and_the_others_are_told_at_once(silence: Silence) -> None:
    door = Door("one at a time")

    def held(_: Line) -> bool:
        silence.asked.set()
        return silence.over.wait(30)

    def first() -> str:
        return str(door.ask(held, seconds=30))

    def second() -> str:
        silence.asked.wait(30)
        try:
            return door.ask(lambda _: "asked", seconds=30)
        except DoorShut as shut:
            return str(shut)
        finally:
            silence.over.set()

    answers = run_together(first, second)

    assert answers == ["True", "busy"]
    assert first() == "True"


def test_who_needs_the_keys_that_somebody_asks_for_waits_a_moment(
    idp: IdentityProvider, silence: Silence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "WAIT_SECONDS", 0.1)
    idp.answers["/jwks"] = silence
    keys = KeySet(f"{idp.url}/jwks")

    def asking() -> str:
        with pytest.raises(ProviderUnavailable):
            keys.key("first")
        return "told"

    def waiting() -> str:
        silence.asked.wait(30)
        told = asking()
        was_still_asking = not silence.over.is_set()
        silence.over.set()
        return f"{told} {was_still_asking}"

    assert run_together(asking, waiting) == ["told", "told True"]


def test_the_connections_of_an_exchange_that_was_too_slow_are_ended(
    idp: IdentityProvider, silence: Silence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "WHOLE_SECONDS", 0.3)
    monkeypatch.setattr(fetching, "READ_SECONDS", 60.0)
    idp.answers["/jwks"] = silence

    with pytest.raises(ProviderUnavailable):
        fetching.get_document(f"{idp.url}/jwks")

    for thread in threading.enumerate():
        if thread.name == "provider":
            thread.join(timeout=10)
            assert not thread.is_alive()


def test_asking_a_provider_that_is_away_counts_against_the_limit(
    idp: IdentityProvider, anonymous_client: APIClient, settings: Settings
) -> None:
    settings.REDIS_PREFIX = f"{settings.REDIS_PREFIX}{uuid4().hex}."
    settings.LIMITS = (Limit("doors", 2, 36_000, "address", (f"POST {GOOGLE}",)),)
    body = idp.body()
    idp.stop()

    statuses = [anonymous_client.post(GOOGLE, body).status_code for _ in range(3)]

    assert statuses == [503, 503, 429]
