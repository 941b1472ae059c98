"""Which buckets a request draws from."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import orjson
from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.module_loading import import_string

from puppies.client_address import address_group, client_address
from puppies.errors import Unauthenticated
from puppies.limits.buckets import Bucket, Limit

_ID = re.compile(r"/[0-9]+(?=/|$)")
_NO_BODY = (ValueError, BadRequest, SuspiciousOperation, UnreadablePostError, MultiPartParserError)


def buckets_of(request: HttpRequest) -> list[Bucket]:
    """The buckets of this request; a limit whose subject the request does not name has none."""
    limits = _limits_on(settings.LIMITS, route_of(request.method or "", request.path_info))
    buckets = [(limit, _subject(limit, request)) for limit in limits]
    return [Bucket(limit, subject) for limit, subject in buckets if subject]


def route_of(method: str, path: str) -> str:
    """What the table calls a request: `POST /v1/posts/{id}/comments` whichever post it is."""
    return f"{method} {_ID.sub('/{id}', path)}"


@dataclass(frozen=True, slots=True)
class Sorted:
    """A table of limits: those of every request, and by route those that it has besides."""

    table: tuple[Limit, ...]
    everywhere: tuple[Limit, ...]
    by_route: dict[str, tuple[Limit, ...]]


_sorted = Sorted((), (), {})


def _limits_on(table: tuple[Limit, ...], route: str) -> tuple[Limit, ...]:
    global _sorted  # noqa: PLW0603 - one memory per process
    known = _sorted
    # The same object each time: to compare or to hash a whole table would cost more than what is looked up in it.
    if known.table is not table:
        _sorted = known = _sorted_out(table)
    return known.everywhere + known.by_route.get(route, ())


def _sorted_out(table: tuple[Limit, ...]) -> Sorted:
    routes = {route for limit in table for route in limit.routes}
    by_route = {route: tuple(limit for limit in table if route in limit.routes) for route in routes}
    return Sorted(table, tuple(limit for limit in table if not limit.routes), by_route)


def _subject(limit: Limit, request: HttpRequest) -> str:
    if limit.per == "address":
        return address_group(client_address(request.META))
    return _user_id(request) if limit.per == "user" else _account(request, limit.member)


def _user_id(request: HttpRequest) -> str:
    try:
        viewer = import_string(settings.LIMITS_IDENTIFY)(request)
    except Unauthenticated:
        return ""
    return str(viewer.id) if viewer is not None else ""


def _account(request: HttpRequest, member: str) -> str:
    try:
        # The API reads its own bodies: a form that is parsed here could not be refused as one there.
        is_json = request.path_info.startswith("/v1/")
        body = orjson.loads(request.body) if is_json else request.POST
    except _NO_BODY:
        return ""  # The view says what is wrong with the body.
    name = body.get(member) if isinstance(body, Mapping) else None
    return fingerprint(name) if isinstance(name, str) else ""


def fingerprint(name: str) -> str:
    """One spelling of a name or token, unreadable to whoever looks into Redis."""
    # PostgreSQL lowers U+0130 to a plain i, Python to an i with a dot above: addresses are told apart as PostgreSQL does.
    spelling = unicodedata.normalize("NFKC", name).strip().casefold().replace("i\u0307", "i")
    return blake2b(spelling.encode(), key=settings.SECRET_KEY.encode()[:64], digest_size=16).hexdigest()
