"""Access tokens: short-lived, stateless to verify, bound to a session by `sid`."""

from typing import Any

from django.conf import settings
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import Session


def token_pair(session: Session) -> dict[str, Any]:
    """A fresh access token for `session`, in the shape clients get."""
    token = AccessToken()
    token["sub"] = str(session.user_id)
    token["sid"] = str(session.id)
    return {"access": str(token), "token_type": "Bearer", "expires_in": settings.ACCESS_TOKEN_SECONDS}
