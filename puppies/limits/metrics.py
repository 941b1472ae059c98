"""What the limits tell Prometheus."""

from prometheus_client import Counter

REFUSED = Counter(
    "puppies_limits_refused", "Requests refused with 429, by the limit that refused.", ["limit"]
)
LOCAL = Counter(
    "puppies_limits_local", "Requests that this process counted alone because Redis did not answer."
)
