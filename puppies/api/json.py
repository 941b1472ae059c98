"""JSON in and out, by orjson."""

from collections.abc import Iterable
from typing import Any

import orjson
from django.http import HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_TAKES_JSON = frozenset({"*/*", "application/json"})

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def default(value: Any) -> Any:
    """What orjson does not know by itself: lazy translations and other string-likes."""
    return str(value)


def dumps(data: Any) -> bytes:
    """The JSON document of `data`, UTF-8; instants in UTC with a Z."""
    return orjson.dumps(data, default=default, option=OPTIONS)


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return b"" if data is None else dumps(data)


class JSONNegotiation(DefaultContentNegotiation):
    """DRF's negotiation, with a short way for what nearly every client sends: it takes JSON, and JSON is all there is."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first, *others = renderers
        is_plain = request.META.get("HTTP_ACCEPT", "*/*") in _TAKES_JSON and "format" not in request.GET
        if is_plain and isinstance(first, JSONRenderer) and not others and format_suffix is None:
            return first, JSONRenderer.media_type
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        return chosen


class JSONParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        # Only a Django request's `body` minds DATA_UPLOAD_MAX_MEMORY_SIZE.
        body = stream.body if isinstance(stream, HttpRequest) else stream.read()
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
