"""JSON in and out, by orjson."""

from collections.abc import Iterable
from typing import Any

import orjson
from django.http import HttpRequest
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_TAKES_JSON = frozenset({"*/*", "application/json"})
_UTF_8 = frozenset({"utf-8", "utf8"})

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
# No body that the API takes has more than a few levels; what walks a body may then be recursive.
MAX_DEPTH = 32


def default(value: Any) -> Any:
    """What orjson does not know by itself: lazy translations and other string-likes."""
    return str(value)


def dumps(data: Any) -> bytes:
    """The JSON document of `data`, UTF-8; instants in UTC with a Z."""
    return orjson.dumps(data, default=default, option=OPTIONS)


def canonical(data: Any) -> bytes:
    """The JSON document of `data` in the one form that neither blanks nor the order of members change."""
    return orjson.dumps(data, default=default, option=OPTIONS | orjson.OPT_SORT_KEYS)


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
    """Strict JSON: UTF-8 without a mark, no NaN, no number beyond a double, no half surrogate, no deep nesting."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        headers = parser_context["request"].META if parser_context else {}
        _refuse_other_encodings(media_type or "", headers.get("HTTP_CONTENT_ENCODING", ""))
        # Only a Django request's `body` minds DATA_UPLOAD_MAX_MEMORY_SIZE.
        body = stream.body if isinstance(stream, HttpRequest) else stream.read()
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
        if body.count(b"[") + body.count(b"{") > MAX_DEPTH and depth_of(data) > MAX_DEPTH:
            raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")
        return data


def _refuse_other_encodings(media_type: str, content_encoding: str) -> None:
    _, parameters = parse_header_parameters(media_type)
    charset = parameters.get("charset", "utf-8")
    if charset.lower() not in _UTF_8:
        raise UnsupportedMediaType(media_type, detail="JSON is sent in UTF-8.")
    if content_encoding.lower() not in {"", "identity"}:
        raise UnsupportedMediaType(media_type, detail="Send the body without a Content-Encoding.")


def depth_of(data: Any) -> int:
    """How many arrays and objects lie around the innermost value; walked level by level, for it may be hundreds."""
    depth, level = 0, [data]
    while level := [node for node in level if isinstance(node, (dict, list))]:
        depth += 1
        level = [child for node in level for child in (node.values() if isinstance(node, dict) else node)]
    return depth
