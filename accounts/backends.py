from typing import Any

from django.contrib.auth.backends import ModelBackend

from accounts import policy
from accounts.selectors import roles_of


class PolicyBackend(ModelBackend):
    """Sign-in to the admin by password; what one may do there is asked of the policy, not of rows of permissions."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_policy_permissions"):  # asked many times a page
            user_obj._policy_permissions = policy.permissions_of(roles_of(user_id=user_obj.pk))  # noqa: SLF001
        known: set[str] = user_obj._policy_permissions  # noqa: SLF001
        return known
