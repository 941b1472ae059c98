"""JSON in and out, by orjson."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_TAKES_JSON = frozenset({"", "*/*", "application/json"})
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


class Answer(HttpResponse):
    """The JSON document of `data`, made at once, or made already as `document`: for what is asked most.

    DRF's Response is a template that is rendered later; JSON is all that the API answers, and the negotiation is over by then.
    """

    def __init__(
        self,
        data: Any,
        *,
        document: bytes | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        content = dumps(data) if document is None else document
        super().__init__(content, content_type=JSONRenderer.media_type, status=status, headers=headers)
        self.data = data

    def items(self) -> Collection[tuple[str, str]]:
        """The headers as the server sends them, without looking each of them up by its name."""
        headers: Mapping[str, tuple[str, str]] = self.headers._store  # noqa: SLF001 - shown nowhere else
        return headers.values()


class JSONNegotiation(DefaultContentNegotiation):
    """DRF's negotiation, which minds `q=0`; with a short way for what nearly every client sends: it takes JSON, all there is."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first, *others = renderers
        is_plain = request.META.get("HTTP_ACCEPT", "").strip() in _TAKES_JSON
        if is_plain and isinstance(first, JSONRenderer) and not others and format_suffix is None:
            return first, JSONRenderer.media_type
        ranges = [(accepted, _quality(accepted)) for accepted in super().get_accept_list(request) if accepted]
        wanted = [renderer for renderer in (first, *others) if not _is_refused(renderer.media_type, ranges)]
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, wanted, format_suffix)
        return chosen

    def get_accept_list(self, request: Request) -> list[str]:
        """What the client takes, without what it refuses; everything when it does not say (RFC 9110, 12.5.1)."""
        named = [accepted for accepted in super().get_accept_list(request) if accepted] or ["*/*"]
        return [accepted for accepted in named if _quality(accepted) > 0]


def _quality(accepted: str) -> float:
    _, parameters = parse_header_parameters(accepted)
    try:
        return float(parameters.get("q", "1"))
    except ValueError:
        return 1.0


def _is_refused(media_type: str | None, ranges: list[tuple[str, float]]) -> bool:
    """Whether the most particular of the media ranges that fit is refused, by `q=0`."""
    refused = {parse_header_parameters(accepted)[0]: quality <= 0 for accepted, quality in ranges}
    kind = (media_type or "").partition("/")[0]
    return next((refused[name] for name in (media_type or "", f"{kind}/*", "*/*") if name in refused), False)


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
