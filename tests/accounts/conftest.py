import pytest

from accounts.models import User
from accounts.services import register_user
from tests.factories import PASSWORD


@pytest.fixture
def rex(db: None) -> User:
    return register_user(username="rex", email="rex@example.test", password=PASSWORD)
