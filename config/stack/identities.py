"""Signing in with Google and Apple in development: one provider on loopback stands for both, with clients of its own for each."""

import os
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from config.stack.ports import HOST, preferred_port

IDENTITY_PROVIDER = "identity-provider"
DEFAULT_PORT = 58480
CLIENTS = {"GOOGLE": "puppies-google", "APPLE": "puppies-apple"}
PEOPLE = (
    {"sub": "spot", "name": "Spot", "email": "spot@example.org", "email_verified": True},
    {"sub": "daisy", "name": "Daisy", "email": "daisy@example.org", "email_verified": True},
)


def is_wanted() -> bool:
    """Tell whether this is development and the developer named no client ids of real providers."""
    if os.environ.get("ENVIRONMENT") == "production":
        return False
    names = [f"{provider}_CLIENT_IDS" for provider in CLIENTS]
    return not any(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in names)


def provider_port(recorded: Mapping[str, int]) -> int:
    """Return the port that the provider had before, the usual one, or a free one."""
    others = {port for name, port in recorded.items() if name != IDENTITY_PROVIDER}
    return preferred_port(preferred=recorded.get(IDENTITY_PROVIDER, DEFAULT_PORT), taken=others)


def address(port: int) -> str:
    """Return where the provider is, which is also its issuer."""
    return f"http://{HOST}:{port}"


def redirect_uri(api_port: int) -> str:
    """Return where the provider sends people back; nothing listens there, a browser shows the code in its address."""
    return f"http://{HOST}:{api_port}/signed-in"


def environment(port: int, *, api_port: int) -> dict[str, str]:
    """Return the variables that make Puppies believe the provider."""
    base = address(port)
    variables = {
        "GOOGLE_CLIENT_SECRET": "any",
        "APPLE_TEAM_ID": "DEVELOPERS",
        "APPLE_KEY_ID": "DEVELOPMENT",
        "APPLE_PRIVATE_KEY": private_key(),
    }
    for name, client_id in CLIENTS.items():
        variables |= {
            f"{name}_CLIENT_IDS": client_id,
            f"{name}_ISSUERS": base,
            f"{name}_JWKS_URL": f"{base}/jwks",
            f"{name}_TOKEN_URL": f"{base}/oauth2/token",
            f"{name}_REDIRECT_URIS": redirect_uri(api_port),
        }
    return variables


def private_key() -> str:
    """Return a new key (PEM) for the secrets that Apple would be shown."""
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
