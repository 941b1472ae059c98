"""Which scheme and host a request was sent to: what the links of its answer begin with."""

from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

# In a request's META: its origin, found to be ours.
_ORIGIN = "puppies.origin"


def origin_of(request: HttpRequest | Request) -> str:
    """`https://puppies.example`, as the client wrote it. Raises DisallowedHost for a host that is not ours."""
    found: str | None = request.META.get(_ORIGIN)
    if found is None:
        host = request.META.get("HTTP_HOST")
        if host is None or settings.USE_X_FORWARDED_HOST:
            found = f"{request.scheme}://{request.get_host()}"
        else:
            found = f"{request.scheme}://{_allowed(host, tuple(settings.ALLOWED_HOSTS))}"
        request.META[_ORIGIN] = found
    return found


@lru_cache(maxsize=256)
def _allowed(host: str, allowed: tuple[str, ...]) -> str:
    """The host as Django's check of it leaves it, remembered: `allowed` is what that check reads in the settings."""
    request = HttpRequest()
    request.META = {"HTTP_HOST": host}
    return request.get_host()
