"""Every write that one account does upon another by its role: roles, suspension.

The database itself ends the sessions of an account whose state or role changes, whoever changes it.
"""

from django.contrib.auth.models import Group
from django.db import transaction

from accounts import audit, policy
from accounts.models import User
from accounts.policy import Action, Role
from accounts.selectors import roles_of
from puppies.errors import DomainError, NotFound

OPERATOR = None  # whoever may run commands on the machine


class NotYours(DomainError):
    """The caller's role does not reach that far."""

    code = "forbidden"
    status = 403
    title = "You may not do this"


@transaction.atomic
def grant_role(*, actor_id: int | None, user_id: int, role: Role) -> bool:
    """Make `role` the role of the account and end its sessions; False when it is that already.

    `actor_id` is None for an operator's command. Raises NotYours, NotFound.
    """
    user = _locked(user_id)
    authorize(actor_id, Action.GRANT_ROLE, user_id=user_id)
    before = roles_of(user_id=user_id)[-1]
    if before == role:
        return False
    group, _ = Group.objects.get_or_create(name=role)
    user.groups.set([group])
    is_staff = policy.may(policy.including(role), Action.INSPECT)
    User.objects.filter(id=user_id).update(is_staff=is_staff, is_superuser=False)
    audit.record(
        action="role_changed", actor_id=actor_id, subject_id=user_id, before=before.value, after=role.value
    )
    return True


@transaction.atomic
def suspend_user(*, actor_id: int | None, user_id: int) -> bool:
    """Hide the account and all of its posts, and end its sessions; False when it is suspended already.

    A deletion under way waits until the account is restored. Raises NotYours, NotFound.
    """
    user = _locked(user_id)
    authorize(actor_id, Action.SUSPEND, user_id=user_id)
    if user.state == User.State.SUSPENDED:
        return False
    User.objects.filter(id=user_id).update(state=User.State.SUSPENDED)
    audit.record(action="user_suspended", actor_id=actor_id, subject_id=user_id, before=user.state)
    return True


@transaction.atomic
def restore_user(*, actor_id: int | None, user_id: int) -> bool:
    """Lift the suspension; False when there is none. Raises NotYours, NotFound."""
    user = _locked(user_id)
    authorize(actor_id, Action.SUSPEND, user_id=user_id)
    if user.state != User.State.SUSPENDED:
        return False
    state = User.State.DELETING if user.delete_after else User.State.ACTIVE
    User.objects.filter(id=user_id).update(state=state)
    audit.record(action="user_restored", actor_id=actor_id, subject_id=user_id, after=state.value)
    return True


def _locked(user_id: int) -> User:
    user: User | None = User.objects.select_for_update(no_key=True).filter(id=user_id).first()
    if user is None or user.state == User.State.PURGING:
        raise NotFound
    return user


def authorize(actor_id: int | None, action: Action, *, user_id: int) -> None:
    """Raise NotYours unless the role of `actor`, an active account, allows the action and is above the role of `user`."""
    if actor_id is OPERATOR:
        return
    roles = roles_of(user_id=actor_id)
    is_active = User.objects.active().filter(id=actor_id).exists()
    is_allowed = is_active and policy.may(roles, action)
    if not (is_allowed and policy.outranks(roles, roles_of(user_id=user_id))):
        raise NotYours
