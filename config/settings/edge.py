"""The outer shell: whose address counts, which other sites' scripts may call, what a refused form is answered with."""

from corsheaders.defaults import default_headers

from config import env

TRUSTED_PROXIES = env.networks(
    "TRUSTED_PROXIES",
    [],
    "Networks (CIDR) of your own proxies: only what they say in X-Forwarded-For is believed.",
)

CORS_ALLOWED_ORIGINS = env.words(
    "CORS_ALLOWED_ORIGINS", [], "Origins (with scheme) whose scripts may call the API from a browser."
)
CORS_URLS_REGEX = r"^/(v1|\.well-known)/"
CORS_ALLOW_HEADERS = (
    *default_headers,
    "idempotency-key",
    "if-match",
    "if-none-match",
    "traceparent",
    "x-request-id",
)
CORS_EXPOSE_HEADERS = (
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Limit",
    "RateLimit-Policy",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Feed-Source",
    "X-Request-ID",
)
# Access tokens travel in a header of their own; cookies of the admin must never ride along.
CORS_ALLOW_CREDENTIALS = False

CSRF_FAILURE_VIEW = "puppies.api.problems.csrf_failure"
# Not "no-referrer": with it browsers send forms with `Origin: null`, which the CSRF check of the admin refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# The check looks for Django's own class by name; PageCsrfMiddleware is that class, passed by the API, which knows no cookies.
SILENCED_SYSTEM_CHECKS = ["security.W003"]
