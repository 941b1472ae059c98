"""The manners of request bodies: unknown fields are refused, text is text."""

import re
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from puppies.ids import parse_id
from puppies.text import is_visible

# As near as a portable pattern comes to text that shows something; what is refused beyond it is `blank` too.
VISIBLE_PATTERN = r"\S"


class Input(serializers.Serializer[Any]):
    """A request body. Fields that it does not know are refused with `unknown_field`."""

    default_error_messages = {"invalid": "Give a JSON object."}

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            message = "This field is not known here."
            raise serializers.ValidationError(
                {name: [ErrorDetail(message, code="unknown_field")] for name in unknown}
            )
        return super().to_internal_value(data)


class Text(serializers.CharField):
    """A string with visible content; numbers and booleans are no strings, NUL is refused, and so is text that shows nothing.

    With `allow_blank=True` the empty string passes.
    """

    default_error_messages = {"invalid": "Give a string."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if data and not is_visible(data):
            self.fail("blank")
        return super().to_internal_value(data)


class TextSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Tells in the schema that a `Text` is not blank."""

    target_class = Text
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer_field(  # noqa: SLF001 - as its documentation does
            self.target, direction, bypass_extensions=True
        )
        return schema if self.target.allow_blank else {**schema, "minLength": 1, "pattern": VISIBLE_PATTERN}


@extend_schema_field(
    {
        "type": "string",
        "pattern": "^[1-9][0-9]{0,18}$",
        "description": "An id: decimal digits, kept as a string.",
    }
)
class IdText(serializers.CharField):
    """An id as clients see it: a string of decimal digits."""

    def to_representation(self, value: Any) -> str:
        return str(value)


@extend_schema_field({"type": "string", "pattern": "^[1-9][0-9]{0,18}$", "description": "An id."})
class IdInput(serializers.Field[int, str, int, Any]):
    """An id as clients send it, a string of decimal digits, as a number; one beyond all ids is 0, which nothing has."""

    default_error_messages = {"invalid": "Give an id: a string of decimal digits."}

    def to_internal_value(self, data: Any) -> int:
        if not (isinstance(data, str) and re.fullmatch(r"[1-9][0-9]{0,18}", data)):
            self.fail("invalid")
        return parse_id(data) or 0
