"""Refresh tokens are good once, and a reuse ends the session."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import audit
from accounts.api.tokens import token_pair
from accounts.models import AuditEntry, RefreshToken, Session, User
from accounts.sessions import InvalidRefreshToken, RefreshTokenReused, open_session, refresh_session
from puppies.errors import DomainError
from tests.accounts.refreshing import PARALLEL, REFRESH, ROUNDS, age_uses, codes, opens, refresh
from tests.factories import UserFactory
from tests.threads import run_together


def test_a_refresh_gives_another_pair_of_the_same_session(user: User) -> None:
    first = token_pair(open_session(user=user))

    answer = refresh(first["refresh"])

    second = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert set(second) == {"access", "refresh", "token_type", "expires_in"}
    assert second["refresh"] != first["refresh"]
    assert second["access"] != first["access"]
    assert [opens(first), opens(second)] == [200, 200]
    assert Session.objects.get().last_used_at > Session.objects.get().created_at


def test_values_are_long_and_nowhere_kept(user: User) -> None:
    first = open_session(user=user).refresh
    second = refresh(first).json()["refresh"]

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(token)::text FROM accounts_refreshtoken AS token")
        kept = " ".join(row[0] for row in cursor.fetchall())
    assert [len(first), len(second)] == [43, 43]
    assert first not in kept
    assert second not in kept


def test_a_chain_goes_on_and_the_way_to_older_links_is_erased(user: User) -> None:
    token = open_session(user=user).refresh

    for _ in range(5):
        token = refresh(token).json()["refresh"]

    links = list(RefreshToken.objects.order_by("id"))
    assert [link.successor_id for link in links] == [*(link.id for link in links[1:]), None]
    assert [link.salt is not None for link in links] == [False] * 4 + [True, False]
    assert Session.objects.count() == 1


def test_a_lost_answer_is_given_again_and_works(user: User) -> None:
    token = open_session(user=user).refresh

    first, again = refresh(token), refresh(token)

    assert first.json()["refresh"] == again.json()["refresh"]
    assert first.json()["access"] == again.json()["access"]
    assert refresh(again.json()["refresh"]).status_code == 200
    assert opens(again.json()) == 200
    assert AuditEntry.objects.filter(action=audit.REFRESH_REUSED).count() == 0


def test_a_retry_just_inside_the_window_is_good(user: User) -> None:
    token = open_session(user=user).refresh
    first = refresh(token).json()
    age_uses(8)

    assert refresh(token).json()["refresh"] == first["refresh"]


def test_a_reuse_after_the_window_ends_the_session_and_is_audited(user: User) -> None:
    token = open_session(user=user).refresh
    other = token_pair(open_session(user=user))
    newest = refresh(token).json()
    age_uses(11)

    answers = [refresh(token), refresh(newest["refresh"]), refresh(token)]

    assert codes(*answers) == [(401, "refresh_token_reused"), *[(401, "invalid_refresh_token")] * 2]
    assert [opens(newest), opens(other)] == [401, 200]
    entry = AuditEntry.objects.get(action=audit.REFRESH_REUSED)
    assert (entry.subject_id, entry.actor_id, entry.ip) == (user.id, None, "127.0.0.1")
    assert entry.trace_id == answers[0].json()["trace_id"]


def test_a_reuse_inside_the_window_is_one_once_the_successor_was_used(user: User) -> None:
    token = open_session(user=user).refresh
    second = refresh(token).json()
    third = refresh(second["refresh"]).json()

    answer = refresh(token)

    assert codes(answer) == [(401, "refresh_token_reused")]
    assert [opens(second), opens(third)] == [401, 401]


@pytest.mark.parametrize("token", ["x", "A" * 43, "A" * 256, "Ωmega", "a.b.c", "' OR 1=1 --"])
def test_an_unknown_token_is_401(db: None, token: str) -> None:
    assert codes(refresh(token)) == [(401, "invalid_refresh_token")]


@pytest.mark.parametrize("token", [None, "", 7, True, ["x"], {"a": 1}, "x" * 257, "a\x00b"])
def test_what_cannot_be_a_token_is_400(db: None, token: Any) -> None:
    assert codes(APIClient().post(REFRESH, {"refresh": token})) == [(400, "validation_failed")]


@pytest.mark.parametrize("state", [User.State.SUSPENDED, User.State.DELETING, User.State.PURGING])
def test_an_account_that_is_not_active_refreshes_nothing(user: User, state: User.State) -> None:
    token = open_session(user=user).refresh
    User.objects.filter(id=user.id).update(state=state)

    assert codes(refresh(token)) == [(401, "invalid_refresh_token")]
    assert RefreshToken.objects.count() == 1


def test_a_deleted_account_refreshes_nothing(user: User) -> None:
    pair = token_pair(open_session(user=user))
    user.delete()

    assert codes(refresh(pair["refresh"])) == [(401, "invalid_refresh_token")]
    assert opens(pair) == 401


def test_a_session_ends_however_often_it_was_continued(user: User) -> None:
    token = refresh(open_session(user=user).refresh).json()["refresh"]
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=5))

    assert codes(refresh(token)) == [(401, "invalid_refresh_token")]


@pytest.mark.django_db(transaction=True)
def test_parallel_refreshes_make_exactly_one_pair() -> None:
    user = UserFactory.create()
    token = open_session(user=user).refresh

    for number in range(1, ROUNDS + 1):
        grants = run_together(*[lambda token=token: refresh_session(refresh=token)] * PARALLEL)
        pairs = {(pair["access"], pair["refresh"]) for pair in map(token_pair, grants)}
        assert len(pairs) == 1
        assert RefreshToken.objects.count() == number + 1
        ((access, token),) = pairs
        assert opens({"access": access}) == 200

    assert RefreshToken.objects.filter(used_at=None).count() == 1
    assert AuditEntry.objects.filter(action=audit.REFRESH_REUSED).count() == 0


@pytest.mark.django_db(transaction=True)
def test_parallel_reuses_end_the_session_once() -> None:
    user = UserFactory.create()
    first = open_session(user=user).refresh
    refresh_session(refresh=first)
    age_uses(60)

    def attempt() -> type[DomainError] | None:
        try:
            refresh_session(refresh=first)
        except DomainError as error:
            return type(error)
        return None

    outcomes = run_together(*[attempt] * PARALLEL)

    assert set(outcomes) <= {RefreshTokenReused, InvalidRefreshToken}
    assert (
        outcomes.count(RefreshTokenReused)
        == AuditEntry.objects.filter(action=audit.REFRESH_REUSED).count()
        == 1
    )
    assert Session.objects.open().count() == 0


def test_revoking_ends_the_session_at_once(user: User) -> None:
    pair, other = token_pair(open_session(user=user)), token_pair(open_session(user=user))

    answers = [APIClient().post("/v1/auth/token/revoke", {"refresh": pair["refresh"]}) for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b""), (204, b"")]
    assert [opens(pair), opens(other)] == [401, 200]
    assert codes(refresh(pair["refresh"])) == [(401, "invalid_refresh_token")]
    assert AuditEntry.objects.filter(action=audit.SESSION_ENDED).count() == 1


def test_revoking_with_a_used_token_ends_its_session(user: User) -> None:
    first = open_session(user=user).refresh
    newest = refresh(first).json()

    APIClient().post("/v1/auth/token/revoke", {"refresh": first})

    assert opens(newest) == 401


def test_revoking_an_unknown_token_is_204(user: User) -> None:
    pair = token_pair(open_session(user=user))

    assert APIClient().post("/v1/auth/token/revoke", {"refresh": "A" * 43}).status_code == 204
    assert opens(pair) == 200
