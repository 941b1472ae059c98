"""Fixtures that every test may use. The default client is an ordinary user's."""

from collections.abc import Callable, Iterator

import pytest
from rest_framework.test import APIClient

from accounts.api.tokens import token_pair
from accounts.models import User
from accounts.sessions import open_session
from tests.clock import Clock
from tests.elsewhere import Elsewhere
from tests.factories import UserFactory

SignIn = Callable[[User], APIClient]


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """A client whose requests carry the access token of a fresh session."""

    def client_of(user: User) -> APIClient:
        client = APIClient()
        access = token_pair(open_session(user=user))["access"]
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
        return client

    return client_of


@pytest.fixture
def elsewhere(transactional_db: None) -> Iterator[Elsewhere]:
    """Another process, as far as the database can tell."""
    other = Elsewhere()
    yield other
    other.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def user(db: None) -> User:
    return UserFactory.create()


@pytest.fixture
def client(sign_in: SignIn, user: User) -> APIClient:
    return sign_in(user)


@pytest.fixture
def anonymous_client(db: None) -> APIClient:
    return APIClient()
