"""What requests tell Prometheus."""

from prometheus_client import Histogram

REQUEST_SECONDS = Histogram(
    "puppies_http_request_seconds",
    "Seconds from a request's arrival in the application to its answer; the route is the URL's pattern.",
    ["method", "route", "status"],
)
