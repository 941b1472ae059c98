"""`Idempotency-Key` on real transactions."""

from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from posts.models import Post
from puppies.idempotency import services
from puppies.idempotency.models import IdempotentAnswer
from puppies.models import Delivery, LedgerEntry
from puppies.tasks import remove_old_idempotent_answers
from tests.conftest import SignIn
from tests.factories import UserFactory
from tests.threads import on_own_connection, run_together

KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"


def post(client: APIClient, content: str = "hello", key: str = KEY) -> Any:
    return client.post("/v1/posts", {"content": content}, headers={"Idempotency-Key": key})


def effects() -> tuple[int, int, int]:
    return Post.objects.count(), Delivery.objects.count(), LedgerEntry.objects.count()


def test_the_same_request_gets_the_first_answer_again(client: APIClient) -> None:
    first = post(client)
    done = effects()
    second = post(client)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second["Content-Type"] == first["Content-Type"]
    assert (first.get("Idempotency-Replayed"), second["Idempotency-Replayed"]) == (None, "true")
    assert effects() == done


def test_a_body_is_the_same_however_it_is_written(client: APIClient) -> None:
    post(client)

    again = client.post(
        "/v1/posts",
        b'{\n  "content" : "hell\\u006f"}',
        content_type="application/json",
        headers={"Idempotency-Key": KEY},
    )

    assert (again.status_code, again["Idempotency-Replayed"], Post.objects.count()) == (201, "true", 1)


def test_another_request_with_the_key_is_refused(client: APIClient) -> None:
    post(client)
    done = effects()

    response = post(client, "something else")

    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert effects() == done


def test_keys_belong_to_their_users(client: APIClient, sign_in: SignIn) -> None:
    other = sign_in(UserFactory.create())

    mine, others = post(client), post(other, "something else")

    assert (mine.status_code, others.status_code) == (201, 201)
    assert Post.objects.count() == 2


def test_a_refusal_is_not_kept(client: APIClient) -> None:
    refused = post(client, "")
    done = effects()

    accepted = post(client, "")
    better = post(client)

    assert (refused.status_code, accepted.status_code, done) == (400, 400, (0, 0, 0))
    assert (better.status_code, better.get("Idempotency-Replayed")) == (201, None)


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 256, "ä", "a\tb", "a\x7f"])
def test_what_is_no_key_is_refused(client: APIClient, key: str) -> None:
    response = post(client, key=key)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_idempotency_key")
    assert effects() == (0, 0, 0)


def test_the_longest_key_is_taken(client: APIClient) -> None:
    assert [post(client, key="~" * 255).status_code for _ in range(2)] == [201, 201]
    assert Post.objects.count() == 1


def test_without_a_key_each_request_is_its_own(client: APIClient) -> None:
    for _ in range(2):
        assert client.post("/v1/posts", {"content": "hello"}).status_code == 201

    assert (Post.objects.count(), IdempotentAnswer.objects.count()) == (2, 0)


def test_a_key_is_free_again_after_a_day(client: APIClient) -> None:
    post(client)
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))

    response = post(client, "something else")
    again = post(client, "something else")

    assert (response.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert Post.objects.count() == 2


def test_signing_in_is_needed_before_any_answer_is_looked_up(client: APIClient) -> None:
    post(client)

    assert post(APIClient()).status_code == 401


def test_old_answers_are_removed_and_young_ones_stay(client: APIClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(services, "BATCH", 2)
    for number in range(6):
        post(client, key=f"key-{number}")
    old = [f"key-{number}" for number in range(5)]
    IdempotentAnswer.objects.filter(key__in=old).update(created_at=timezone.now() - timedelta(hours=25))

    remove_old_idempotent_answers()

    assert list(IdempotentAnswer.objects.values_list("key", flat=True)) == ["key-5"]


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_make_one_post(sign_in: SignIn) -> None:
    client = sign_in(UserFactory.create())

    for round_ in range(5):

        def ask(key: str = f"round-{round_}") -> Any:
            return post(client, key=key)

        answers = run_together(*[ask] * 8)

        assert {answer.status_code for answer in answers} <= {201, 409}
        fresh = [answer for answer in answers if answer.status_code == 201 and not _is_replay(answer)]
        assert len(fresh) == 1
        assert {answer.content for answer in answers if answer.status_code == 201} == {fresh[0].content}
        assert Post.objects.count() == round_ + 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_runs_the_second_is_told_to_wait(sign_in: SignIn) -> None:
    author = UserFactory.create()
    client = sign_in(author)
    key = services.Key(user_id=author.id, route="POST v1/posts", key=KEY)
    with transaction.atomic():
        services.claim(key, fingerprint=b"")

        waiting = on_own_connection(lambda: post(client))

    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency_key_in_use")
    assert waiting["Retry-After"] == "1"
    assert post(client).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_request_whose_connection_dies_leaves_nothing_and_may_be_sent_again(sign_in: SignIn) -> None:
    client = sign_in(UserFactory.create())
    client.raise_request_exception = False
    with transaction.atomic(), connection.cursor() as cursor:
        # The post's row is written but its fact waits: the request is in the middle of its work.
        cursor.execute("LOCK TABLE puppies_delivery IN EXCLUSIVE MODE")
        started = Event()

        def ask() -> Any:
            started.set()
            return post(client)

        def kill() -> None:
            started.wait(5)
            _terminate_who_waits_for_a_lock()

        killed, _ = run_together(ask, kill)

    assert killed.status_code == 503
    assert (*effects(), IdempotentAnswer.objects.count()) == (0, 0, 0, 0)
    again = post(client)
    assert (again.status_code, again.get("Idempotency-Replayed")) == (201, None)
    assert Post.objects.count() == 1


def _is_replay(response: Any) -> bool:
    return bool(response.get("Idempotency-Replayed") == "true")


def _terminate_who_waits_for_a_lock() -> None:
    sql = """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
              WHERE datname = current_database() AND wait_event_type = 'Lock'"""
    deadline = timezone.now() + timedelta(seconds=4)
    while timezone.now() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            if cursor.fetchall():
                return
    raise AssertionError("the request never waited for the lock")
