"""`manage.py verify --probe` against a served API that breaks a promise on purpose; no workers run here."""

import json
from contextlib import suppress
from io import StringIO

import pytest
import requests
from django.core.management import CommandError, call_command
from pytest_django.live_server_helper import LiveServer

from accounts import sessions
from accounts.models import User
from config.verification.probe import failures, speed
from config.verification.probe.people import MAIL_HOST, Api, Asked, erase_left_behind
from posts.models import Post
from puppies.idempotency import services as idempotency
from puppies.models import Delivery
from puppies.redis_client import client
from tests.factories import UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("nothing_was_answered_before"),
]


# Nobody purges the accounts, nobody does the deliveries.
WITHOUT_WORKERS = {"the probe's accounts are gone", "the probe's work is done within 30 s"}


def probed(live_server: LiveServer, only: str = "I1,I5,I7,I8") -> dict[str, list[str]]:
    """What a probe finds, but for what no worker is there for."""
    out = StringIO()
    with suppress(CommandError):
        call_command(
            "verify",
            "--probe",
            f"--api={live_server.url}",
            "--grace=0",
            "--json",
            f"--only={only}",
            stdout=out,
        )
    checks = json.loads(out.getvalue())["checks"]
    return {
        check["name"]: check["findings"]
        for check in checks
        if check["broken"] and check["name"] not in WITHOUT_WORKERS
    }


def test_a_sound_api_is_no_finding_and_its_accounts_are_on_their_way_out(live_server: LiveServer) -> None:
    bystander = UserFactory.create()

    assert probed(live_server) == {}
    assert set(User.objects.values_list("state", flat=True)) == {"active", "purging"}
    assert User.objects.exclude(id=bystander.id).filter(email__endswith=f"@{MAIL_HOST}").count() == 2
    assert Delivery.objects.filter(task="accounts.purge_account").count() == 2
    assert Post.objects.count() == 3


def test_keys_of_others_stay_in_redis(live_server: LiveServer) -> None:
    client().set("main.limit:somebody:else", "here", ex=60)

    probed(live_server, "I8")

    assert client().get("main.limit:somebody:else") == b"here"


def test_a_replay_that_writes_again_is_found(
    live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "FIND", idempotency.FIND + " AND false")

    runs: list[str] = []
    # What was sent over a broken connection is found by whoever looks after the server is done with it, as it mostly is.
    while "over a broken connection was told as" not in " ".join(runs) and len(runs) < 5:
        [lines] = probed(live_server, "I1").values()
        runs.append(" ".join(lines))

    assert all(run.startswith("a post sent again was told as") for run in runs)
    assert "a post sent over a broken connection was told as" in runs[-1]


def test_a_session_that_outlives_its_end_is_found(
    live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_end", lambda **_: True)

    assert probed(live_server, "I8")["a session that ended is refused"] == [
        f"the {name} of an ended session was answered 200 {when}"
        for when in ("at once", "after Redis forgot it")
        for name in ("access", "feed", "refresh")
    ]


def test_an_api_that_does_not_answer_is_a_finding() -> None:
    out = StringIO()

    with pytest.raises(CommandError, match="I1 writes sent again exist once: 1"):
        call_command("verify", "--probe", "--api=http://127.0.0.1:1", "--only=I1,I8", "--json", stdout=out)

    checks = {check["name"]: check for check in json.loads(out.getvalue())["checks"]}
    assert checks["writes sent again exist once"]["findings"] == [
        "POST /v1/auth/register was not answered (ConnectionError)"
    ]
    assert checks["a session that ended is refused"]["broken"] == 1
    assert checks["a deleted account is refused"]["not_checked"] == "the probe did not come so far"


@pytest.mark.parametrize("promise", ["I1", "I5", "I7", "I8"])
def test_whichever_promise_is_probed_an_api_that_does_not_answer_fails(promise: str) -> None:
    with pytest.raises(CommandError, match=f"{promise} .*: 1"):
        call_command("verify", "--probe", "--api=http://127.0.0.1:1", f"--only={promise}", stdout=StringIO())


def test_a_feed_slower_than_ever_is_found(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "ALWAYS_FINE_SECONDS", 0.0)
    monkeypatch.setattr(speed, "TIMES", 0)

    [[line]] = probed(live_server, "I7").values()

    assert line.startswith("a home feed takes 0.")


def test_work_that_nobody_does_is_found(live_server: LiveServer) -> None:
    out = StringIO()
    with suppress(CommandError):
        call_command(
            "verify", "--probe", f"--api={live_server.url}", "--grace=0", "--json", "--only=I1,I7", stdout=out
        )
    checks = {check["name"]: check["findings"] for check in json.loads(out.getvalue())["checks"]}

    assert "1 of config.count_follow waited longer than 0 s" in checks["the probe's work is done within 30 s"]
    assert "3 of feeds.fan_out_post waited longer than 0 s" in checks["the probe's work is done within 30 s"]
    assert len(checks["the probe's accounts are gone"]) == 2


def answer(status: int, *, source: str = "", **headers: str) -> requests.Response:
    """An answer as it came from the network."""
    response = requests.Response()
    response.status_code, response._content = status, json.dumps({"source": source}).encode()
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (answer(200, source="home"), None),
        (answer(200, source="popular", X_Feed_Source="fallback"), None),
        (answer(503, Retry_After="1"), None),
        (answer(404), None),
        (answer(503), "was answered 503 without Retry-After"),
        (answer(500), "was answered 500"),
        (answer(502), "was answered 502"),
        (answer(200, source="popular"), "is not labelled as what it is"),
        (answer(200, source="home", X_Feed_Source="fallback"), "is not labelled as what it is"),
    ],
)
def test_failures_are_told_in_one_way(given: requests.Response, fault: str | None) -> None:
    api = Api("http://api.example", asked=[Asked("GET /v1/feed", given)])

    lines = failures.broken_answers(api)

    assert lines == ([] if fault is None else [f"GET /v1/feed (request ?) {fault}"])


def test_what_a_killed_probe_left_is_erased_by_the_next() -> None:
    old = UserFactory.create(id=7, username="probe_0123456789ab", email=f"probe_0123456789ab@{MAIL_HOST}")
    young = UserFactory.create(username="probe_ba9876543210", email=f"probe_ba9876543210@{MAIL_HOST}")
    stranger = UserFactory.create(id=8, username="probe_of_mars", email="mars@example.test")

    erase_left_behind()

    states = dict(User.objects.values_list("id", "state"))
    assert states == {old.id: "purging", young.id: "active", stranger.id: "active"}
