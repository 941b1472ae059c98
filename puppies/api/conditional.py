"""Conditional requests on single resources: `ETag` and `If-None-Match` on GET, `If-Match` on PATCH.

An entity tag has two parts, `"<version>.<representation>"`. The version stands for what a PATCH changes, the representation for the
whole answer with its counts and what the caller did. GET compares the whole tag; a change compares the version alone, so that likes of
others do not get in the way of an edit.
"""

from datetime import datetime
from hashlib import blake2b
from typing import Any

from django.http import HttpResponse
from django.utils.http import parse_etags, quote_etag
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from puppies.api.json import Answer, canonical, dumps
from puppies.errors import DomainError

ANY = "*"
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The `ETag` you have: 304 while it is current."
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` that the change is based on: 412 when somebody changed the resource since.",
)


class PreconditionFailed(DomainError):
    """The resource is no longer what `If-Match` says: read it again, then decide."""

    code = "precondition_failed"
    status = 412
    title = "The resource has changed in between"


def version_of(*parts: str | int | datetime | None) -> str:
    """The version of a resource whose editable state these parts are."""
    return _digest(canonical(parts))


def entity_tag(data: Any, *, version: str) -> str:
    """The strong tag of one representation, quoted."""
    return _tag(dumps(data), version)


def conditional(request: Request, data: Any, *, version: str) -> HttpResponse:
    """200 with `data` and its tag, or 304 when the caller has just that."""
    document = dumps(data)
    tag = _tag(document, version)
    given = parse_etags(request.headers.get("If-None-Match", ""))
    # RFC 9110, 13.1.2: weak comparison, under which a proxy's W/ does not count.
    is_known = ANY in given or tag in {candidate.removeprefix("W/") for candidate in given}
    headers = {"ETag": tag, "Vary": "Authorization"}
    if not is_known:
        return Answer(data, document=document, headers=headers)
    known = HttpResponse(status=304, headers=headers)
    del known["Content-Type"]
    return known


def refuse_other_version(request: Request, *, version: str) -> None:
    """Raise PreconditionFailed when `If-Match` names other versions only; call it with the row locked, before the change.

    RFC 9110, 13.1.1: strong comparison, under which a weak tag never matches.
    """
    header = request.headers.get("If-Match")
    if header is None:
        return
    versions = {candidate.strip('"').partition(".")[0] for candidate in parse_etags(header)}
    if ANY not in versions and version not in versions:
        raise PreconditionFailed


def _tag(document: bytes, version: str) -> str:
    return quote_etag(f"{version}.{_digest(document)}")


def _digest(document: bytes) -> str:
    return blake2b(document, digest_size=12).hexdigest()
