"""What the tests of signing in by identity ask for again and again."""

from typing import Any

from rest_framework.test import APIClient
from social_django.models import UserSocialAuth

from accounts.models import AuditEntry, Session, User
from tests.factories import UserFactory

GOOGLE = "/v1/auth/oauth/google"
APPLE = "/v1/auth/oauth/apple"
LINK = "/v1/auth/oauth/google/link"


def answered(response: Any) -> tuple[int, str]:
    """The status and, of a refusal, the code."""
    return response.status_code, response.json().get("code", "") if response.content else ""


def identities() -> list[tuple[str, str, str]]:
    """(provider, subject, username) of all that are linked."""
    rows = UserSocialAuth.objects.order_by("id").values_list("provider", "uid", "user__username")
    return list(rows)


def audited() -> list[tuple[str, dict[str, Any]]]:
    """What was done, and with what detail; sessions have ids of their own."""
    rows = AuditEntry.objects.order_by("id").values_list("action", "detail")
    return [
        (action, {name: value for name, value in detail.items() if name != "session"})
        for action, detail in rows
    ]


def linked_user(*, provider: str = "google", uid: str = "1080", **fields: Any) -> User:
    """An account that an identity signs in to, without a password unless one is given."""
    user: User = UserFactory.create(**fields)
    UserSocialAuth.objects.create(user=user, provider=provider, uid=uid, id_key="sub")
    return user


def client_of(access: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def sessions() -> int:
    """How many sessions are open."""
    return Session.objects.open().count()
