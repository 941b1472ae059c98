"""The identity providers that people may sign in with, as the settings describe them."""

from dataclasses import dataclass, field

from django.conf import settings

from puppies.errors import DomainError, NotFound


class ProviderOff(DomainError):
    """This installation has no client id of the provider."""

    code = "provider_off"
    status = 404
    title = "Signing in with this provider is not offered here"


@dataclass(frozen=True, slots=True)
class ClientKey:
    """What Apple has instead of a client secret: a key (PEM, P-256) that signs one for each use."""

    team_id: str
    key_id: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. Only the addresses named here are ever asked, whatever a token says.

    An `aud` must be one of `client_ids`; the first of them exchanges codes.
    """

    name: str
    issuers: tuple[str, ...]
    jwks_url: str
    token_url: str
    client_ids: tuple[str, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    client_secret: str = field(default="", repr=False)
    client_key: ClientKey | None = None


def provider_named(name: str) -> Provider:
    """The provider of that name. Raises NotFound for a name that nobody has, ProviderOff for one that is not set up."""
    provider: Provider | None = settings.IDENTITY_PROVIDERS.get(name)
    if provider is None:
        raise NotFound
    if not provider.client_ids:
        raise ProviderOff
    return provider
