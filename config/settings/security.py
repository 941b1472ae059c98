"""Keys, hosts, passwords and what a browser may do."""

from django.core.exceptions import ImproperlyConfigured

from config import env
from config.settings.core import DEBUG, ENVIRONMENT

_DEVELOPMENT_KEY = "development-only-key-that-production-refuses-to-start-with"

SECRET_KEY = env.secret(
    "SECRET_KEY",
    None if ENVIRONMENT == "production" else _DEVELOPMENT_KEY,
    "Signs cursors, sessions and access tokens; at least 50 random characters in production.",
)
if ENVIRONMENT == "production" and (SECRET_KEY == _DEVELOPMENT_KEY or len(SECRET_KEY) < 50):
    raise ImproperlyConfigured("SECRET_KEY must be at least 50 random characters in production.")
if ENVIRONMENT == "production" and DEBUG:
    raise ImproperlyConfigured("DEBUG must be off in production.")

ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS",
    [] if ENVIRONMENT == "production" else ["localhost", "127.0.0.1", "[::1]", "testserver"],
    "Host names that requests may use.",
)
CSRF_TRUSTED_ORIGINS = env.words(
    "CSRF_TRUSTED_ORIGINS", [], "Origins (with scheme) from which the admin's forms may be sent."
)

AUTHENTICATION_BACKENDS = ["accounts.backends.PolicyBackend"]
PASSWORD_HASHERS = ["accounts.hashers.OwaspArgon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT == "production" else None
SECURE_SSL_REDIRECT = ENVIRONMENT == "production"
SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000 if ENVIRONMENT == "production" else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENVIRONMENT == "production"
SECURE_HSTS_PRELOAD = ENVIRONMENT == "production"
SESSION_COOKIE_SECURE = ENVIRONMENT == "production"
CSRF_COOKIE_SECURE = ENVIRONMENT == "production"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
