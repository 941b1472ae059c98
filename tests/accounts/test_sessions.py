"""Sessions end at once, and whoever changes an account ends them."""

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
from accounts.sessions import open_session
from puppies.errors import DomainError, Unauthenticated
from tests.accounts.refreshing import codes, opens, refresh
from tests.conftest import SignIn
from tests.factories import PASSWORD, UserFactory
from tests.threads import run_together


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
    # Prepares the statement that asks for the session.
    clients[0].get("/v1/auth/sessions")

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
