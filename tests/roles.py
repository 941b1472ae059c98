"""People with roles, and their browsers in the admin."""

from django.test import Client

from accounts.models import User
from accounts.policy import Role
from accounts.roles import OPERATOR, grant_role
from tests.factories import UserFactory


def of_role(role: Role) -> User:
    """A new account with this role."""
    user: User = UserFactory.create()
    grant_role(actor_id=OPERATOR, user_id=user.id, role=role)
    user.refresh_from_db()
    return user


def browser_of(user: User) -> Client:
    """Signed in to the admin as this user."""
    browser = Client()
    browser.force_login(user, backend="accounts.backends.PolicyBackend")
    return browser
