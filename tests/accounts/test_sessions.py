"""Refresh tokens are good once, sessions end at once, and whoever changes an account ends them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import audit, sessions
from accounts.api.tokens import token_pair
from accounts.models import AuditEntry, RefreshToken, Session, User
from accounts.services import register_user, sign_in
from accounts.sessions import InvalidRefreshToken, RefreshTokenReused, open_session, refresh_session
from puppies.errors import DomainError, Unauthenticated
from tests.conftest import SignIn
from tests.factories import PASSWORD, UserFactory
from tests.threads import run_together

ROUNDS = 30
PARALLEL = 8
REFRESH = "/v1/auth/token/refresh"


def refresh(token: str) -> Any:
    return APIClient().post(REFRESH, {"refresh": token})


def age_uses(seconds: float) -> None:
    """Let every use of a refresh token be so much longer ago."""
    RefreshToken.objects.exclude(used_at=None).update(used_at=timezone.now() - timedelta(seconds=seconds))


def codes(*answers: Any) -> list[tuple[int, str]]:
    return [(answer.status_code, answer.json().get("code", "")) for answer in answers]


def opens(grant_or_pair: dict[str, Any]) -> int:
    """The status of a request with the access token of a pair."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {grant_or_pair['access']}")
    return int(client.get("/v1/feed").status_code)


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


def test_sessions_are_listed_newest_first(sign_in: SignIn, user: User) -> None:
    old = open_session(user=user, device="Kennel/1.0")
    ended = open_session(user=user, device="Lost phone")
    open_session(user=UserFactory.create(), device="Somebody else's")
    sessions.end_session(session_id=ended.session_id, user_id=user.id)
    client = sign_in(user)

    body = client.get("/v1/auth/sessions").json()

    assert [(row["device"], row["current"]) for row in body["results"]] == [("", True), ("Kennel/1.0", False)]
    assert body["results"][1]["id"] == str(old.session_id)
    assert set(body["results"][0]) == {"id", "device", "created_at", "last_used_at", "expires_at", "current"}
    assert body["next"] is None


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_of_sessions_takes_two_queries(
    sign_in: SignIn, user: User, count: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    clients = [sign_in(user) for _ in range(count)]

    with django_assert_num_queries(2):
        assert len(clients[0].get("/v1/auth/sessions").json()["results"]) == count


def test_pages_of_sessions_lead_to_all_of_them(sign_in: SignIn, user: User) -> None:
    made = [open_session(user=user).session_id for _ in range(4)]
    client = sign_in(user)

    first = client.get("/v1/auth/sessions?limit=3").json()
    second = client.get(first["next"]).json()

    assert [row["id"] for row in (first["results"] + second["results"])[1:]] == [
        str(i) for i in reversed(made)
    ]
    assert second["next"] is None


def test_a_session_of_mine_is_ended_at_once(sign_in: SignIn, user: User) -> None:
    lost = open_session(user=user)
    client = sign_in(user)

    answers = [client.delete(f"/v1/auth/sessions/{lost.session_id}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]
    assert opens(token_pair(lost)) == 401
    assert client.get("/v1/feed").status_code == 200


@pytest.mark.parametrize("name", ["1", "0", "-1", "x", "9" * 30, "%00"])
def test_a_session_that_is_not_there_is_404(client: APIClient, name: str) -> None:
    assert client.delete(f"/v1/auth/sessions/{name}").status_code == 404


def test_a_session_of_somebody_else_is_404_and_goes_on(client: APIClient) -> None:
    other = open_session(user=UserFactory.create())

    assert client.delete(f"/v1/auth/sessions/{other.session_id}").status_code == 404
    assert opens(token_pair(other)) == 200


def change_password_in_the_shell(user: User) -> None:
    user.set_password("another-Walk-42")
    user.save()


def change_password_in_bulk(user: User) -> None:
    User.objects.filter(id__gt=0).update(password=make_password("another-Walk-42"))


def change_password_in_sql(user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET password = 'x' WHERE id = %s", [user.id])


def suspend_in_bulk(user: User) -> None:
    user.state = User.State.SUSPENDED
    User.objects.bulk_update([user], ["state"])


def suspend_and_restore(user: User) -> None:
    User.objects.filter(id=user.id).update(state=User.State.SUSPENDED)
    User.objects.filter(id=user.id).update(state=User.State.ACTIVE)


def give_a_permission(user: User) -> None:
    permission = Permission.objects.first()
    assert permission is not None
    user.user_permissions.add(permission)


def take_all_roles(user: User) -> None:
    user.groups.clear()


CHANGES: dict[str, Callable[[User], object]] = {
    "a password set in the shell": change_password_in_the_shell,
    "passwords set in bulk": change_password_in_bulk,
    "a password set in SQL": change_password_in_sql,
    "a suspension": lambda user: User.objects.filter(id=user.id).update(state=User.State.SUSPENDED),
    "a suspension in bulk": suspend_in_bulk,
    "a suspension long past": suspend_and_restore,
    "a deletion asked for": lambda user: User.objects.filter(id=user.id).update(state=User.State.DELETING),
    "a place in the staff": lambda user: User.objects.filter(id=user.id).update(is_staff=True),
    "all powers": lambda user: User.objects.filter(id=user.id).update(is_superuser=True),
    "a role given": lambda user: user.groups.add(Group.objects.create(name="kennel keeper")),
    "all roles taken": take_all_roles,
    "a permission given": give_a_permission,
    "a role given by a command": lambda user: call_command("grant_role", user.username, "moderator"),
    "all sessions ended in bulk": lambda user: Session.objects.update(revoked_at=timezone.now()),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_changed_account_is_signed_out_at_the_next_request(sign_in: SignIn, user: User, kind: str) -> None:
    user.groups.add(Group.objects.create(name="old role"))
    grant = open_session(user=user)
    bystander = sign_in(UserFactory.create())
    assert opens(token_pair(grant)) == 200
    everybody_is_out = kind in {"passwords set in bulk", "all sessions ended in bulk"}

    CHANGES[kind](user)

    assert opens(token_pair(grant)) == 401
    assert codes(refresh(grant.refresh)) == [(401, "invalid_refresh_token")]
    assert (bystander.get("/v1/feed").status_code == 200) is not everybody_is_out


@pytest.mark.parametrize(
    "change",
    [
        {"display_name": "Rex"},
        {"bio": "woof"},
        {"followers_count": 7},
        {"email": "new@example.test"},
        {"last_login": None},
    ],
)
def test_other_changes_leave_sessions_alone(user: User, change: dict[str, Any]) -> None:
    grant = open_session(user=user)

    User.objects.filter(id=user.id).update(**change)
    user.refresh_from_db()
    user.save()

    assert opens(token_pair(grant)) == 200


@pytest.mark.django_db
def test_signing_in_is_audited() -> None:
    user = register_user(username="rex", email="rex@example.test", password=PASSWORD)

    APIClient().post(
        "/v1/auth/token", {"username": "rex", "password": PASSWORD}, headers={"X-Request-ID": "request-1"}
    )

    entry = AuditEntry.objects.get(action=audit.SIGNED_IN)
    assert (entry.actor_id, entry.subject_id, entry.ip) == (user.id, user.id, "127.0.0.1")
    assert entry.detail == {"session": str(Session.objects.get().id), "method": "password"}
    assert len(entry.trace_id) == 32


@pytest.mark.django_db
def test_a_password_that_changes_while_it_is_checked_opens_nothing() -> None:
    user = register_user(username="rex", email="rex@example.test", password=PASSWORD)
    stale = User.objects.get(id=user.id)
    change_password_in_the_shell(user)

    with pytest.raises(Unauthenticated):
        open_session(user=stale, password_hash=stale.password)

    assert Session.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_no_session_survives_a_password_change_at_the_same_moment() -> None:
    user = register_user(username="rex", email="rex@example.test", password=PASSWORD)

    def enter() -> None:
        try:
            sign_in(username="rex", password=PASSWORD)
        except DomainError:
            return

    def change() -> None:
        with transaction.atomic():
            User.objects.filter(id=user.id).update(password=make_password("another-Walk-42"))

    for _ in range(5):
        User.objects.filter(id=user.id).update(password=make_password(PASSWORD))
        run_together(enter, enter, change)
        assert Session.objects.open().count() == 0


@pytest.mark.django_db
def test_sessions_that_ended_long_ago_are_removed() -> None:
    user = UserFactory.create()
    kept = [open_session(user=user).session_id for _ in range(2)]
    gone = [open_session(user=user).session_id for _ in range(2)]
    long_ago = timezone.now() - timedelta(days=31)
    Session.objects.filter(id=kept[1]).update(revoked_at=timezone.now())
    Session.objects.filter(id=gone[0]).update(revoked_at=long_ago)
    Session.objects.filter(id=gone[1]).update(expires_at=long_ago)

    sessions.remove_ended_sessions()

    assert sorted(Session.objects.values_list("id", flat=True)) == kept
    assert sorted(RefreshToken.objects.values_list("session_id", flat=True)) == kept
