"""`manage.py verify` on the promises that data at rest shows in part: what it finds, and what it does not claim to have checked."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from prometheus_client import REGISTRY
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from accounts.models import RefreshToken, Session, User
from accounts.sessions import open_session, refresh_session
from config.analytics import counting
from config.analytics.models import DailyFigures
from puppies.breaker import Breaker
from puppies.metrics import REQUEST_SECONDS
from puppies.models import Delivery
from tests.database import count_of
from tests.factories import DeliveryFactory, PostFactory, UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("nothing_was_answered_before"),
]


def checks(*arguments: str) -> dict[str, dict[str, Any]]:
    """Every check of a run, by its name."""
    out = StringIO()
    with suppress(CommandError):
        call_command("verify", "--grace=0", "--json", *arguments, stdout=out)
    return {check["name"]: check for check in json.loads(out.getvalue())["checks"]}


def found(promise: str, *arguments: str) -> dict[str, list[str]]:
    """What a run names, by check."""
    ran = checks(f"--only={promise}", *arguments)
    return {name: check["findings"] for name, check in ran.items() if check["broken"]}


def execute(sql: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def test_only_what_is_asked_for_is_checked() -> None:
    assert {check["promise"] for check in checks("--only=I6").values()} == {"I6"}
    assert {check["promise"] for check in checks("--only=i1,I8").values()} == {"I1", "I8"}


def test_what_was_not_probed_is_not_claimed() -> None:
    ran = checks("--only=I1,I5,I7,I8")

    unchecked = {name: check["not_checked"] for name, check in ran.items() if check["not_checked"]}
    assert {name for name, why in unchecked.items() if why == "not probed: type --probe"} == {
        "writes sent again exist once",
        "malformed requests are refused",
        "the probe's work is done within 30 s",
        "the home feed is as fast as it uses to be",
        "a session that ended is refused",
        "a deleted account is refused",
        "the probe's accounts are gone",
        "failures are told as promised",
    }
    assert unchecked["no answer was a 5xx other than 503"].startswith("no API is known")
    assert unchecked["breakers close within 30 s"].startswith("no API is known")


def test_people_see_what_was_not_checked() -> None:
    out = StringIO()

    call_command("verify", "--only=I5", stdout=out)

    assert "malformed requests are refused                  not checked: not probed" in out.getvalue()


def test_nobody_is_probed_without_an_address() -> None:
    with pytest.raises(CommandError, match="Whom to probe"):
        call_command("verify", "--probe")


def test_a_promise_that_there_is_not_is_refused() -> None:
    with pytest.raises(CommandError, match="no such promise: I9"):
        call_command("verify", "--only=I9")


@pytest.fixture
def answered(client: APIClient) -> int:
    """A post whose answer is kept; its id."""
    answer = client.post("/v1/posts", {"content": "once"}, headers={"Idempotency-Key": "a-key-of-mine"})
    assert answer.status_code == 201
    return int(answer.json()["id"])


def test_an_answered_post_that_is_lost_is_named(answered: int, user: User) -> None:
    whole = checks("--only=I1")["kept answers name one row each"]
    execute("DELETE FROM posts_post")

    assert (whole["examined"], whole["broken"]) == (1, 0)
    assert found("I1") == {
        "kept answers name one row each": [
            f"POST v1/posts told user {user.id} of {answered}, which is not there"
        ]
    }


def test_a_row_that_two_keys_name_is_named(answered: int) -> None:
    execute("""INSERT INTO puppies_idempotentanswer (user_id, route, key, fingerprint, status, body)
               SELECT user_id, route, 'another', fingerprint, status, body FROM puppies_idempotentanswer""")

    assert found("I1") == {
        "kept answers name one row each": [f"POST v1/posts told of {answered} under 2 keys"]
    }


def test_what_an_erased_account_was_told_is_not_missed(answered: int, user: User) -> None:
    execute("UPDATE accounts_user SET state = 'purging'")
    execute("DELETE FROM posts_post")

    assert found("I1") == {}


@pytest.fixture
def without_index() -> Iterator[None]:
    """The name of an account may be there twice, until the test is over."""
    execute("DROP INDEX user_username_skeleton")
    yield
    execute(
        "CREATE UNIQUE INDEX user_username_skeleton ON accounts_user "
        "(translate(replace(replace(username, 'rn', 'm'), 'vv', 'w'), '01', 'ol'))"
    )


def test_a_key_without_its_index_is_named(without_index: None) -> None:
    assert found("I1") == {
        "what is unique has its index": ["accounts_user has no valid unique index user_username_skeleton"]
    }


def test_every_key_is_looked_at() -> None:
    assert checks("--only=I1")["what is unique has its index"]["examined"] > 25


def test_an_answer_that_no_client_should_get_is_named(live_server: LiveServer) -> None:
    call = f"--api={live_server.url}"
    before = found("I5", call)
    REQUEST_SECONDS.labels("GET", "v1/feed", 500).observe(0.1)
    REQUEST_SECONDS.labels("GET", "v1/feed", 503).observe(0.1)

    after = found("I5", call)
    REQUEST_SECONDS.remove("GET", "v1/feed", 500)

    assert before == {}
    assert after == {"no answer was a 5xx other than 503": ["GET v1/feed was answered 500 1 times"]}


def test_metrics_that_cannot_be_read_are_no_proof(live_server: LiveServer, settings: Settings) -> None:
    settings.ENVIRONMENT = "production"

    for address in (live_server.url, "http://127.0.0.1:1"):
        check = checks("--only=I5", f"--api={address}")["no answer was a 5xx other than 503"]

        assert (check["examined"], check["broken"]) == (0, 0)
        assert "/metrics" in check["not_checked"]


def test_a_breaker_that_stays_open_is_named(live_server: LiveServer) -> None:
    breaker = Breaker("verified")
    for _ in range(3):
        breaker.failed(RuntimeError("away"))
    assert REGISTRY.get_sample_value("puppies_breaker_open", {"breaker": "verified"}) == 1

    opened = found("I7", f"--api={live_server.url}")
    breaker.succeeded()

    assert opened == {"breakers close within 30 s": ["1 processes leave verified alone"]}
    assert found("I7", f"--api={live_server.url}") == {}


def test_a_delivery_that_no_worker_takes_is_named() -> None:
    delivery = DeliveryFactory.create(
        publications=3, lease_until=timezone.now() + timedelta(seconds=20), due_at=timezone.now()
    )
    DeliveryFactory.create(publications=2)

    assert found("I7") == {
        "what is published is taken by a worker": [
            f"delivery {delivery.id} of tests.react was published 3 times and no worker takes it"
        ]
    }
    assert checks("--only=I7")["what is published is taken by a worker"]["examined"] == 2
    assert Delivery.objects.count() == 2


def test_figures_that_stand_still_are_named(settings: Settings) -> None:
    counting.count_settled()
    sound = found("I7")
    DailyFigures.objects.update(counted_until=timezone.now() - timedelta(minutes=5))

    [[line]] = found("I7").values()

    assert sound == {}
    assert line.startswith("they are 27")


@pytest.fixture
def session(user: User) -> Session:
    """A session that was continued twice."""
    grant = open_session(user=user)
    for _ in range(2):
        grant = refresh_session(refresh=grant.refresh)
    return Session.objects.get()


def test_sound_sessions_are_no_finding(session: Session) -> None:
    Session.objects.update(revoked_at=timezone.now())

    ran = checks("--only=I8")

    assert [ran[name]["broken"] for name in ran] == [0] * 5
    assert ran["of a session one token is good"]["examined"] == 3


def test_an_open_session_of_a_suspended_account_is_named(session: Session, user: User) -> None:
    execute("SET session_replication_role = replica")
    execute("UPDATE accounts_user SET state = 'suspended'")
    execute("SET session_replication_role = DEFAULT")

    assert found("I8") == {
        "only active accounts have open sessions": [
            f"session {session.id} is open, its account {user.id} is suspended"
        ]
    }


def test_a_token_that_outlived_its_session_is_named(session: Session) -> None:
    newest = RefreshToken.objects.order_by("-id").first()
    assert newest is not None
    Session.objects.update(revoked_at=timezone.now() - timedelta(hours=1))
    RefreshToken.objects.exclude(id=newest.id).update(
        used_at=timezone.now() - timedelta(hours=2), issued_at=timezone.now() - timedelta(hours=2)
    )

    assert found("I8") == {
        "no token outlived its session": [
            f"refresh token {newest.id} was good after its session {session.id} had ended"
        ]
    }


def test_a_session_with_two_good_tokens_is_named(session: Session) -> None:
    RefreshToken.objects.create(session=session, digest=b"another")

    assert found("I8") == {
        "of a session one token is good": [f"session {session.id} has 2 refresh tokens that are good"]
    }


def test_a_chain_that_leads_elsewhere_is_named(session: Session) -> None:
    first, second, third = RefreshToken.objects.order_by("id")
    RefreshToken.objects.filter(id=second.id).update(successor_id=second.id)
    other = open_session(user=UserFactory.create())
    RefreshToken.objects.filter(id=first.id).update(successor_id=other.token_id)

    [lines] = found("I8").values()

    assert lines == [
        f"refresh token {first.id} was used and its successor {other.token_id} is not of its session"
    ]
    assert third.used_at is None


def test_no_check_writes_anything(session: Session) -> None:
    PostFactory.create()
    tables = ("accounts_user", "posts_post", "accounts_session", "puppies_delivery", "config_dailyfigures")
    before = [count_of(table) for table in tables]

    checks()

    assert [count_of(table) for table in tables] == before
