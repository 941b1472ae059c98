import json
from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts import policy
from accounts.models import AuditEntry, User
from accounts.policy import LEAST_ROLE, Action, Role
from accounts.roles import OPERATOR, NotYours, grant_role, restore_user, suspend_user
from accounts.selectors import roles_of
from puppies.errors import NotFound
from tests.conftest import SignIn
from tests.factories import PostFactory, UserFactory
from tests.roles import browser_of, of_role

ROLES = [Role.USER, Role.MODERATOR, Role.ADMIN]


@pytest.mark.parametrize("action", Action)
def test_every_action_has_a_least_role(action: Action) -> None:
    allowed = [policy.may(policy.including(role), action) for role in ROLES]

    assert action in LEAST_ROLE
    assert allowed == sorted(allowed)
    assert policy.may((), action) == (action is Action.READ_PUBLIC)


def test_what_is_not_in_the_table_is_denied_to_everybody() -> None:
    assert policy.may(policy.including(Role.ADMIN), "format the disk") is False  # type: ignore[arg-type]


@pytest.mark.django_db
def test_the_groups_are_there_and_name_the_roles() -> None:
    assert {role.value for role in ROLES} <= set(Group.objects.values_list("name", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_an_account_has_one_role_and_what_it_includes(role: Role) -> None:
    user = of_role(Role.ADMIN if role is not Role.ADMIN else Role.MODERATOR)

    assert grant_role(actor_id=OPERATOR, user_id=user.id, role=role) is True
    assert grant_role(actor_id=OPERATOR, user_id=user.id, role=role) is False

    user.refresh_from_db()
    assert roles_of(user_id=user.id) == policy.including(role)
    assert (user.is_staff, user.is_superuser) == (role is not Role.USER, False)
    assert list(user.groups.values_list("name", flat=True)) == [role.value]


@pytest.mark.django_db
@pytest.mark.parametrize("actor_role", ROLES)
@pytest.mark.parametrize("subject_role", ROLES)
def test_one_acts_only_upon_those_below(actor_role: Role, subject_role: Role) -> None:
    actor, subject = of_role(actor_role), of_role(subject_role)
    before = User.objects.filter(id=subject.id).values().get(), AuditEntry.objects.count()
    outranks = ROLES.index(actor_role) > ROLES.index(subject_role)
    ids = {"actor_id": actor.id, "user_id": subject.id}

    if outranks:
        assert suspend_user(**ids) is restore_user(**ids) is True
    else:
        for act in (suspend_user, restore_user):
            with pytest.raises(NotYours):
                act(**ids)
    if outranks and actor_role is Role.ADMIN:
        assert grant_role(**ids, role=Role.ADMIN) is True
    else:
        with pytest.raises(NotYours):
            grant_role(**ids, role=Role.ADMIN)
        assert (User.objects.filter(id=subject.id).values().get(), AuditEntry.objects.count()) == (
            before[0],
            before[1] + 2 * outranks,
        )


@pytest.mark.django_db
def test_nobody_acts_upon_oneself_or_when_suspended_or_upon_nobody() -> None:
    admin, user = of_role(Role.ADMIN), of_role(Role.USER)

    with pytest.raises(NotYours):
        grant_role(actor_id=admin.id, user_id=admin.id, role=Role.USER)
    with pytest.raises(NotFound):
        suspend_user(actor_id=admin.id, user_id=1)
    suspend_user(actor_id=OPERATOR, user_id=admin.id)
    with pytest.raises(NotYours):
        suspend_user(actor_id=admin.id, user_id=user.id)

    user.refresh_from_db()
    assert user.state == User.State.ACTIVE


@pytest.mark.django_db
def test_a_suspended_admin_is_not_restored_by_a_moderator() -> None:
    admin, moderator = of_role(Role.ADMIN), of_role(Role.MODERATOR)
    suspend_user(actor_id=OPERATOR, user_id=admin.id)

    with pytest.raises(NotYours):
        restore_user(actor_id=moderator.id, user_id=admin.id)


def test_a_suspension_hides_and_signs_out_until_it_is_lifted(
    client: APIClient, anonymous_client: APIClient, user: User, sign_in: SignIn
) -> None:
    post = PostFactory.create(author=user)
    moderator = of_role(Role.MODERATOR)
    paths = (f"/v1/users/{user.username}", f"/v1/posts/{post.id}")

    suspend_user(actor_id=moderator.id, user_id=user.id)
    suspended = (
        client.get("/v1/users/me").status_code,
        [anonymous_client.get(path).status_code for path in paths],
    )
    restore_user(actor_id=moderator.id, user_id=user.id)

    assert suspended == (401, [404, 404])
    assert client.get("/v1/users/me").status_code == 401
    assert sign_in(user).get("/v1/users/me").status_code == 200
    assert [anonymous_client.get(path).status_code for path in paths] == [200, 200]


def test_a_deletion_waits_while_the_account_is_suspended(client: APIClient, user: User) -> None:
    client.delete("/v1/users/me")

    suspend_user(actor_id=OPERATOR, user_id=user.id)
    user.refresh_from_db()
    held = user.state
    restore_user(actor_id=OPERATOR, user_id=user.id)

    user.refresh_from_db()
    assert (held, user.state) == (User.State.SUSPENDED, User.State.DELETING)


def test_a_change_of_role_ends_the_session_at_the_next_request(client: APIClient, user: User) -> None:
    assert client.get("/v1/users/me").status_code == 200

    grant_role(actor_id=OPERATOR, user_id=user.id, role=Role.MODERATOR)

    assert client.get("/v1/users/me").status_code == 401


@pytest.mark.django_db
def test_roles_and_suspensions_are_in_the_audit() -> None:
    moderator, user = of_role(Role.MODERATOR), of_role(Role.USER)

    suspend_user(actor_id=moderator.id, user_id=user.id)
    suspend_user(actor_id=moderator.id, user_id=user.id)
    restore_user(actor_id=moderator.id, user_id=user.id)

    entries = AuditEntry.objects.order_by("id").values_list("action", "actor_id", "subject_id", "detail")
    assert list(entries) == [
        ("role_changed", None, moderator.id, {"before": "user", "after": "moderator"}),
        ("user_suspended", moderator.id, user.id, {"before": "active"}),
        ("user_restored", moderator.id, user.id, {"after": "active"}),
    ]


@pytest.mark.django_db
def test_the_command_grants_and_tells() -> None:
    user = UserFactory.create(username="rex")
    out = StringIO()

    call_command("grant_role", "rex", "moderator", "--dry-run", stdout=out)
    planned = roles_of(user_id=user.id)
    call_command("grant_role", "Rex", "moderator", "--json", stdout=out)
    call_command("grant_role", "rex", "moderator", stdout=out)

    lines = out.getvalue().splitlines()
    assert planned == (Role.USER,)
    assert lines[0] == "rex would be moderator"
    assert json.loads(lines[1]) == {"username": "rex", "role": "moderator", "changed": True}
    assert lines[2] == "rex was already moderator"
    assert roles_of(user_id=user.id) == (Role.USER, Role.MODERATOR)


@pytest.mark.django_db
def test_the_command_says_who_is_not_there() -> None:
    with pytest.raises(CommandError, match="There is no account nobody"):
        call_command("grant_role", "nobody", "admin")


# What each role may open in the admin: 302 leads to its sign-in, 403 is for whoever is in and may not.
ADMIN_PAGES = {
    "/admin/": (302, 200, 200),
    "/admin/accounts/user/": (302, 200, 200),
    "/admin/posts/post/": (302, 200, 200),
    "/admin/puppies/delivery/": (302, 403, 200),
    "/admin/accounts/user/add/": (302, 403, 403),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "statuses"), ADMIN_PAGES.items(), ids=ADMIN_PAGES)
def test_the_admin_asks_the_same_policy(path: str, statuses: tuple[int, ...]) -> None:
    assert tuple(browser_of(of_role(role)).get(path).status_code for role in ROLES) == statuses


@pytest.mark.django_db
def test_a_moderator_suspends_and_restores_in_the_admin() -> None:
    moderator, admin, user = of_role(Role.MODERATOR), of_role(Role.ADMIN), of_role(Role.USER)
    client = browser_of(moderator)
    selected = {"_selected_action": [str(user.id), str(admin.id)]}

    answer = client.post("/admin/accounts/user/", {"action": "suspend", **selected}, follow=True)

    states = {row.id: row.state for row in User.objects.all()}
    assert answer.status_code == 200
    assert states == {moderator.id: "active", admin.id: "active", user.id: "suspended"}
    page = answer.content.decode()
    assert "1 suspended." in page
    assert f"Your role does not reach {admin}, or it is gone." in page

    client.post("/admin/accounts/user/", {"action": "restore", **selected})

    user.refresh_from_db()
    assert user.state == User.State.ACTIVE
