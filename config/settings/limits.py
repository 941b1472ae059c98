"""How many requests are answered, to whom: `docs/limits.md` is written from this table."""

from dataclasses import replace

from config import env
from puppies.limits.buckets import Limit

_COMMENT = "POST /v1/posts/{id}/comments"
_SIGN_IN = "POST /v1/auth/token"
# The same accounts and passwords: who guesses at both doors has no more guesses.
_ADMIN_SIGN_IN = "POST /admin/login/"
_REFRESH = "POST /v1/auth/token/refresh"
_RESET = "POST /v1/auth/password/reset"
_VERIFY = "POST /v1/auth/email/verify"
_OAUTH = ("POST /v1/auth/oauth/google", "POST /v1/auth/oauth/apple")

LIMITS_BY_DEFAULT = (
    Limit("global", 1_000, 60, "address"),
    Limit("posts-by-user", 10, 60, "user", ("POST /v1/posts",)),
    Limit("posts-by-address", 10, 60, "address", ("POST /v1/posts",)),
    Limit("comments-by-user", 30, 60, "user", (_COMMENT,)),
    Limit("comments-by-address", 60, 60, "address", (_COMMENT,)),
    Limit("sign-in-by-account", 10, 60, "account", (_SIGN_IN, _ADMIN_SIGN_IN), "username"),
    Limit("sign-in-by-address", 30, 60, "address", (_SIGN_IN, _ADMIN_SIGN_IN, *_OAUTH)),
    Limit("link-by-user", 10, 60, "user", tuple(f"{route}/link" for route in _OAUTH)),
    Limit("register-by-account", 5, 60, "account", ("POST /v1/auth/register",), "email"),
    Limit("register-by-address", 30, 60, "address", ("POST /v1/auth/register",)),
    Limit("refresh-by-token", 10, 60, "account", (_REFRESH,), "refresh"),
    Limit("refresh-by-address", 120, 60, "address", (_REFRESH, "POST /v1/auth/token/revoke")),
    Limit("reset-by-account", 5, 3_600, "account", (_RESET,), "email"),
    Limit("reset-by-address", 30, 3_600, "address", (_RESET, f"{_RESET}/confirm", _VERIFY)),
    Limit("mail-by-user", 5, 3_600, "user", (f"{_VERIFY}/resend",)),
    Limit(
        "notifications-by-user",
        60,
        60,
        "user",
        ("POST /v1/notifications/read", "PATCH /v1/notifications/preferences"),
    ),
    Limit("password-by-user", 10, 60, "user", ("POST /v1/auth/password/change",)),
)
LIMITS_FACTOR = env.integer(
    "LIMITS_FACTOR", 1, "Multiplies every limit on requests; for load tests.", least=1, most=1_000_000
)


def _from_environment(limit: Limit) -> Limit:
    meaning = f"Requests in {limit.seconds:,} s under the limit `{limit.name}` (docs/limits.md)."
    name = f"LIMITS_{limit.name.upper().replace('-', '_')}"
    quantity = env.integer(name, limit.quantity, meaning, least=1, most=1_000_000)
    return replace(limit, quantity=quantity * LIMITS_FACTOR)


LIMITS = tuple(_from_environment(limit) for limit in LIMITS_BY_DEFAULT)
LIMITS_IDENTIFY = "accounts.api.authentication.bearer_of"
