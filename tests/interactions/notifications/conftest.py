import pytest
from django.utils import timezone

from accounts.models import User
from interactions.notifications.preferences import Digest, change_preferences
from tests.factories import UserFactory


@pytest.fixture
def rex(db: None) -> User:
    """Somebody who wants a digest, at an address that is verified."""
    rex = UserFactory.create(username="rex", email_verified_at=timezone.now())
    change_preferences(user_id=rex.id, ways={}, digest=Digest.DAILY)
    return rex
