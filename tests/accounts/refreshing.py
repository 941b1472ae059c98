"""How tests refresh, and what they look at then."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import RefreshToken

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
