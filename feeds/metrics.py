"""What the feeds tell Prometheus."""

from prometheus_client import Counter

FALLBACKS = Counter(
    "puppies_feeds_fallbacks",
    "Requests for the home feed that were answered with popular posts: it was not asked (open), took too long (timeout), PostgreSQL "
    "refused (database) or something broke (error).",
    ["reason"],
)
