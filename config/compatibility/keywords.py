"""What one keyword of a schema allowed before and allows now."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})


@dataclass(frozen=True, slots=True)
class Shift:
    """Whether some values are no longer allowed, and whether some are that were not."""

    is_narrower: bool = False
    is_wider: bool = False


Compare = Callable[[Any, Any], Shift]


def types_of(schema: dict[str, Any]) -> frozenset[str]:
    """The types that a schema allows; `integer` is a `number`, and nothing said is everything."""
    name = schema.get("type")
    if name is None:
        return _TYPES
    types = {"number", "integer"} if name == "number" else {str(name)}
    return frozenset(types | {"null"} if schema.get("nullable") else types)


def sets(old: frozenset[Any] | None, new: frozenset[Any] | None) -> Shift:
    """Two sets of allowed values, None for all."""
    if old is None or new is None:
        return Shift(is_narrower=new is not None, is_wider=old is not None) if old is not new else Shift()
    return Shift(is_narrower=bool(old - new), is_wider=bool(new - old))


def enums(old: list[Any] | None, new: list[Any] | None) -> Shift:
    """Two lists of allowed values; JSON's values are told apart by their type too, so 1 is not true."""
    return sets(_values(old), _values(new))


def _values(listed: list[Any] | None) -> frozenset[str] | None:
    return None if listed is None else frozenset(repr(value) for value in listed)


def upper(old: float | None, new: float | None) -> Shift:
    """Two upper bounds, None for none."""
    before, after = inf if old is None else old, inf if new is None else new
    return Shift(is_narrower=after < before, is_wider=after > before)


def lower(old: float | None, new: float | None) -> Shift:
    """Two lower bounds, None for none."""
    before, after = -inf if old is None else old, -inf if new is None else new
    return Shift(is_narrower=after > before, is_wider=after < before)


def forms(old: Any, new: Any) -> Shift:
    """Two forms that cannot be weighed against each other: another one is both narrower and wider."""
    before, after = old or None, new or None
    if before == after:
        return Shift()
    return Shift(is_narrower=after is not None, is_wider=before is not None)


KEYWORDS: dict[str, Compare] = {
    "enum": enums,
    "format": forms,
    "pattern": forms,
    "multipleOf": forms,
    "uniqueItems": forms,
    "maxLength": upper,
    "maximum": upper,
    "maxItems": upper,
    "maxProperties": upper,
    "minLength": lower,
    "minimum": lower,
    "minItems": lower,
    "minProperties": lower,
    # In OpenAPI 3.0 a flag beside the bound.
    "exclusiveMaximum": forms,
    "exclusiveMinimum": forms,
}
