"""What an API tells Prometheus, read by ourselves."""

from collections.abc import Iterator
from http import HTTPStatus

import requests
from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

TIMEOUT_SECONDS = 5.0
REQUESTS = "puppies_http_request_seconds"


class NotTold(Exception):
    """The API's metrics cannot be read; the text says why."""


def read_samples(api: str) -> list[Sample]:
    """Every sample of the API at this address. Raises NotTold."""
    try:
        answer = requests.get(
            f"{api}/metrics", headers=_headers(), timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.RequestException as error:
        raise NotTold(f"{api}/metrics does not answer ({type(error).__name__})") from error
    if answer.status_code != HTTPStatus.OK:
        raise NotTold(f"{api}/metrics answers {answer.status_code}: is METRICS_TOKEN the same here?")
    try:
        return list(_samples(answer.text))
    except ValueError as error:
        raise NotTold(f"{api}/metrics cannot be understood: {error}") from error


def _samples(text: str) -> Iterator[Sample]:
    for family in text_string_to_metric_families(text):
        yield from family.samples


def _headers() -> dict[str, str]:
    # Inside a network the API is asked by an address that is not among the names it answers to outside.
    own = {"Host": host} if (host := named_host()) else {}
    return {"Authorization": f"Bearer {settings.METRICS_TOKEN}", **own} if settings.METRICS_TOKEN else own


def named_host() -> str:
    """A host name that the API answers to; empty when it answers to any."""
    return next((host for host in settings.ALLOWED_HOSTS if host[0] not in "*."), "")
