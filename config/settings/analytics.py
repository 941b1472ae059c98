"""The figures of each day, and where an API tells its own."""

from config import env

API_HOSTS = env.words(
    "API_HOSTS",
    [],
    "Addresses of the API, each host by itself: asked for /metrics by the figures of the home feed's latency and by `manage.py verify`.",
)
ANALYTICS_SETTLE_SECONDS = env.integer(
    "ANALYTICS_SETTLE_SECONDS",
    30,
    "What happened is counted so many seconds later: longer than DATABASE_TRANSACTION_TIMEOUT_MS, so that nothing comes after.",
    most=3_600,
)
