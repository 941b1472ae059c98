"""Sign-in: access tokens, sessions, and mail."""

from datetime import timedelta
from pathlib import Path

from config import env
from config.settings.core import DATA_DIR, ENVIRONMENT, PORT

_KEYS_DIR = env.text(
    "JWT_KEYS_DIR",
    None if ENVIRONMENT == "production" else "",
    "Folder of the keys that sign access tokens, shared by all processes of the API. Required in production; else empty: DATA_DIR/keys.",
)
JWT_KEYS_DIR = Path(_KEYS_DIR) if _KEYS_DIR else DATA_DIR / "keys"
TOKEN_ISSUER = env.text("TOKEN_ISSUER", "puppies", "The `iss` of access tokens.")
TOKEN_AUDIENCE = env.text("TOKEN_AUDIENCE", "puppies", "The `aud` of access tokens.")
ACCESS_TOKEN_SECONDS = 900
SESSION_DAYS = env.integer(
    "SESSION_DAYS", 90, "Days after which a session ends, used or not.", least=1, most=3_650
)
REFRESH_RETRY_SECONDS = 10
# What ended is kept to be looked at, then removed.
CREDENTIALS_KEEP_DAYS = 30
AUDIT_KEEP_DAYS = env.integer(
    "AUDIT_KEEP_DAYS", 365, "Days for which the audit, with clients' addresses, is kept.", least=1
)

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=ACCESS_TOKEN_SECONDS),
    "ALGORITHM": "RS256",
    "SIGNING_KEY": "",  # accounts.keys has them
    "ISSUER": TOKEN_ISSUER,
    "AUDIENCE": TOKEN_AUDIENCE,
    "USER_ID_CLAIM": "sub",
    "AUTH_TOKEN_CLASSES": ("accounts.api.tokens.SessionToken",),
}

PASSWORD_RESET_SECONDS = 3_600
EMAIL_VERIFY_SECONDS = 7 * 86_400
APP_URL = env.text(
    "APP_URL", "", "The client application that links in mails lead to; empty: mails tell the token itself."
)
# Mail programs unsubscribe there.
API_URL = env.text(
    "API_URL",
    "",
    "Where this API is reached from outside, with its scheme; empty: no digests are mailed (in development PORT of this machine).",
)
if not API_URL and ENVIRONMENT != "production":
    API_URL = f"http://127.0.0.1:{PORT}"
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if (
        EMAIL_HOST := env.text(
            "EMAIL_HOST", "", "The SMTP server; empty: mails are shown in the log of worker-maintenance."
        )
    )
    else "django.core.mail.backends.console.EmailBackend"
)
EMAIL_PORT = env.integer("EMAIL_PORT", 587, "The mail server's port.", least=1, most=65_535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "", "The name to sign in to it with.")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD", "", "The password that goes with it.")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True, "Speak STARTTLS to it.")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "Puppies <no-reply@localhost>", "Whom mails come from.")
