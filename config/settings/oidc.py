"""Sign-in with Google and Apple; a provider without client ids is off."""

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.core.exceptions import ImproperlyConfigured

from accounts.oidc.providers import ClientKey, Provider
from config import env
from config.settings.core import ENVIRONMENT

GOOGLE = Provider(
    name="google",
    client_ids=tuple(
        env.words(
            "GOOGLE_CLIENT_IDS",
            [],
            "Google's client ids of our applications, the one that exchanges codes first; empty: no sign-in with Google.",
        )
    ),
    client_secret=env.secret("GOOGLE_CLIENT_SECRET", "", "The secret of the first of them."),
    redirect_uris=tuple(
        env.words("GOOGLE_REDIRECT_URIS", [], "Where Google may send people back with a code.")
    ),
    issuers=tuple(
        env.words(
            "GOOGLE_ISSUERS",
            ["https://accounts.google.com", "accounts.google.com"],
            "The `iss` of Google's tokens.",
        )
    ),
    jwks_url=env.text(
        "GOOGLE_JWKS_URL", "https://www.googleapis.com/oauth2/v3/certs", "Where Google's keys are."
    ),
    token_url=env.text(
        "GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token", "Where Google exchanges codes."
    ),
)

_TEAM_ID = env.text("APPLE_TEAM_ID", "", "Our team at Apple, for exchanging codes.")
_KEY_ID = env.text("APPLE_KEY_ID", "", "The id of the key below.")
_PRIVATE_KEY = env.secret("APPLE_PRIVATE_KEY", "", "The key (PEM) that signs our client secret for Apple.")
APPLE = Provider(
    name="apple",
    client_ids=tuple(
        env.words(
            "APPLE_CLIENT_IDS",
            [],
            "Apple's bundle and service ids of ours, the one that exchanges codes first; empty: no sign-in with Apple.",
        )
    ),
    client_key=ClientKey(_TEAM_ID, _KEY_ID, _PRIVATE_KEY) if _PRIVATE_KEY else None,
    redirect_uris=tuple(
        env.words("APPLE_REDIRECT_URIS", [], "Where Apple may send people back with a code.")
    ),
    issuers=tuple(env.words("APPLE_ISSUERS", ["https://appleid.apple.com"], "The `iss` of Apple's tokens.")),
    jwks_url=env.text("APPLE_JWKS_URL", "https://appleid.apple.com/auth/keys", "Where Apple's keys are."),
    token_url=env.text(
        "APPLE_TOKEN_URL", "https://appleid.apple.com/auth/token", "Where Apple exchanges codes."
    ),
)

if APPLE.redirect_uris and not (_TEAM_ID and _KEY_ID and _PRIVATE_KEY):
    raise ImproperlyConfigured(
        "APPLE_REDIRECT_URIS needs APPLE_TEAM_ID, APPLE_KEY_ID and APPLE_PRIVATE_KEY, without which no code can be exchanged."
    )


def _is_apple_key(pem: str) -> bool:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (TypeError, ValueError):
        return False
    return isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)


if _PRIVATE_KEY and not _is_apple_key(_PRIVATE_KEY):
    raise ImproperlyConfigured("APPLE_PRIVATE_KEY must be a private key of P-256 in PEM, without a password.")

IDENTITY_PROVIDERS = {provider.name: provider for provider in (GOOGLE, APPLE)}


def _refuse_plain_http(provider: Provider) -> None:
    """Whoever is between us and an http:// address could sign in as anybody."""
    must_be_https = (provider.jwks_url, provider.token_url)
    may_be_names = (*provider.issuers, *provider.redirect_uris)
    if not all(url.startswith("https://") for url in must_be_https) or any(
        url.startswith("http://") for url in may_be_names
    ):
        raise ImproperlyConfigured(
            f"The issuers, the addresses and the redirect URIs of {provider.name.title()} must be https in production."
        )


if ENVIRONMENT == "production":
    for _provider in IDENTITY_PROVIDERS.values():
        _refuse_plain_http(_provider)
