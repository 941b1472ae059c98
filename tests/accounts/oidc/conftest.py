from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.oidc.doors import door_to
from accounts.oidc.jwks import keys_at
from tests.accounts.oidc.provider import IdentityProvider


@pytest.fixture
def idp(settings: Settings) -> Iterator[IdentityProvider]:
    """A running provider that Puppies knows, both as Google and as Apple."""
    keys_at.cache_clear()
    door_to.cache_clear()
    with IdentityProvider() as provider:
        settings.IDENTITY_PROVIDERS = {"google": provider.google(), "apple": provider.apple()}
        yield provider
