"""What the policy says to the API. A view that names nothing is for those who take part: the default of the settings."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts import policy
from accounts.policy import ANYBODY, Action, Role
from puppies.viewer import viewer_of

SIGNED_IN = (Role.USER,)


class ByPolicy(BasePermission):
    """Asks the policy whether the caller may do `action`."""

    action: Action

    def has_permission(self, request: Request, view: object) -> bool:
        # A good session says that its account is active: at least a user. No route of the API asks for more, so no roles are read.
        roles = SIGNED_IN if viewer_of(request).is_authenticated else ANYBODY
        return policy.may(roles, self.action)


class Public(ByPolicy):
    """Anybody, signed in or not."""

    action = Action.READ_PUBLIC


class SignedIn(ByPolicy):
    """Whoever has an active account."""

    action = Action.TAKE_PART
