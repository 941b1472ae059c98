"""What requests tell Prometheus."""

from prometheus_client import Histogram

REQUEST_SECONDS = Histogram(
    "puppies_http_request_seconds",
    "Seconds from a request's arrival in the application to its answer; the route is the URL's pattern.",
    ["method", "route", "status"],
    # Fine where the home feed's answers lie, with its deadlines among the bounds.
    buckets=(0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 1, 3, 10),
)
