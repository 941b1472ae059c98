"""`Idempotency-Key` for views that create: `@idempotent` above the handler, `IDEMPOTENCY_KEY` among its parameters."""

import re
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.status import is_success

from puppies.api.json import Answer, canonical
from puppies.errors import DomainError
from puppies.idempotency import services
from puppies.idempotency.models import KEY_LENGTH
from puppies.viewer import viewer_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_VISIBLE = "[!-~]"
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "pattern": f"^{_VISIBLE}{{1,{KEY_LENGTH}}}$"},
    OpenApiParameter.HEADER,
    description=f"Makes it safe to send the request again: 1 to {KEY_LENGTH} visible ASCII characters, for example a UUID. "
    f"Within 24 hours the same key and body get the first answer again, with `{REPLAYED}: true`.",
)
_FORM = re.compile(rf"{_VISIBLE}{{1,{KEY_LENGTH}}}")

Handler = Callable[..., Answer]


class BadIdempotencyKey(DomainError):
    code = "invalid_idempotency_key"
    title = f"An Idempotency-Key is 1 to {KEY_LENGTH} visible ASCII characters"


def idempotent(handler: Handler) -> Callable[..., HttpResponseBase]:
    """Make a view's handler answer a repeated request from what it answered first; without the header nothing changes.

    The handler runs in the transaction that keeps its answer: both or neither. Only 2xx answers are kept.
    """

    @wraps(handler)
    def wrapped(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        header = request.headers.get(HEADER)
        if header is None:
            return handler(view, request, *args, **kwargs)
        key = _key(header, request)
        fingerprint = sha256(request.path.encode() + b"\0" + canonical(request.data)).digest()
        with transaction.atomic():
            if kept := services.claim(key, fingerprint=fingerprint):
                return _replay(kept)
            response = handler(view, request, *args, **kwargs)
            if is_success(response.status_code):
                answer = services.Answer(response.status_code, response.content)
                services.keep(key, answer, fingerprint=fingerprint)
            return response

    return wrapped


def _key(header: str, request: Request) -> services.Key:
    if not _FORM.fullmatch(header):
        raise BadIdempotencyKey
    match = request.resolver_match
    route = f"{request.method} {match.route if match else ''}"
    return services.Key(user_id=viewer_of(request).id, route=route, key=header)


def _replay(kept: services.Answer) -> HttpResponse:
    return HttpResponse(
        kept.body, status=kept.status, content_type="application/json", headers={REPLAYED: "true"}
    )
