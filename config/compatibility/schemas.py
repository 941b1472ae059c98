"""Schemas before and after. What a client sends may only get wider, what it is sent only narrower; members are never taken away."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from config.compatibility.keywords import KEYWORDS, sets, types_of

Schema = dict[str, Any]
_CHOICES = {"oneOf", "anyOf"}


class Way(StrEnum):
    """Which way a value goes."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken promise: where, and what has changed."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Document:
    """An OpenAPI document whose references can be followed."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root

    def at(self, node: Any) -> dict[str, Any]:
        """The node, or what it refers to; with `allOf` merged into it."""
        found: dict[str, Any] = node or {}
        while "$ref" in found:
            target: Any = self.root
            for part in found["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            found = target
        return self._merged(found) if "allOf" in found else found

    def _merged(self, schema: Schema) -> Schema:
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in map(self.at, schema["allOf"]):
            required = [*merged.get("required", ()), *part.get("required", ())]
            properties = {**part.get("properties", {}), **merged.get("properties", {})}
            merged = {**part, **merged}
            merged |= {"required": required} if required else {}
            merged |= {"properties": properties} if properties else {}
        return merged


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two documents; `seen` holds the pairs of schemas that are being compared, for schemas that contain themselves."""

    old: Document
    new: Document
    seen: frozenset[tuple[int, int]] = frozenset()

    def schemas(self, old_node: Any, new_node: Any, *, way: Way, where: str) -> Iterator[Broken]:
        """What the new schema breaks for values that go this way."""
        pair = (id(old_node), id(new_node))
        if pair in self.seen:
            return
        inner = Comparison(self.old, self.new, self.seen | {pair})
        old, new = self.old.at(old_node), self.new.at(new_node)
        if _CHOICES & {*old, *new}:
            yield from inner._alternatives(old, new, way, where)
        else:
            yield from inner._plain(old, new, way, where)

    def _plain(self, old: Schema, new: Schema, way: Way, where: str) -> Iterator[Broken]:
        yield from _keywords(old, new, way, where)
        yield from self._members(old, new, way, where)
        if "items" in old or "items" in new:
            yield from self.schemas(old.get("items"), new.get("items"), way=way, where=f"{where}[]")

    def _members(self, old: Schema, new: Schema, way: Way, where: str) -> Iterator[Broken]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            if name in after:
                yield from self.schemas(before[name], after[name], way=way, where=f"{where}.{name}")
            else:
                yield Broken(f"{where}.{name}", "is gone")
        yield from _required(old, new, way, where)
        yield from self._others(old, new, way, where)

    def _others(self, old: Schema, new: Schema, way: Way, where: str) -> Iterator[Broken]:
        """Members that have no name in the schema."""
        before, after = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from self.schemas(before, after, way=way, where=f"{where}.*")
        elif way is Way.REQUEST and before is not False and after is False:
            yield Broken(where, "takes no other members any more")
        elif way is Way.RESPONSE and isinstance(before, dict) and after is True:
            yield Broken(f"{where}.*", "may be anything now")

    def _alternatives(self, old: Schema, new: Schema, way: Way, where: str) -> Iterator[Broken]:
        """Each alternative of the sender has to be one that the receiver knows."""
        before, after = _choices(old), _choices(new)
        if way is Way.REQUEST:
            unknown = [one for one in before if not any(self._fits(one, other, way) for other in after)]
        else:
            unknown = [one for one in after if not any(self._fits(other, one, way) for other in before)]
        gone = "is not taken any more" if way is Way.REQUEST else "was not there before"
        yield from (Broken(where, f"alternative {one} {gone}") for one in unknown)

    def _fits(self, old: Schema, new: Schema, way: Way) -> bool:
        return next(self.schemas(old, new, way=way, where=""), None) is None


def _choices(schema: Schema) -> list[Schema]:
    return schema.get("oneOf") or schema.get("anyOf") or [schema]


def _keywords(old: Schema, new: Schema, way: Way, where: str) -> Iterator[Broken]:
    shifts = {"type": sets(types_of(old), types_of(new))}
    shifts |= {name: compare(old.get(name), new.get(name)) for name, compare in KEYWORDS.items()}
    for name, shift in shifts.items():
        if shift.is_narrower if way is Way.REQUEST else shift.is_wider:
            yield Broken(where, f"{name} was {_shown(old, name)}, is {_shown(new, name)}")
    if way is Way.REQUEST and old.get("default") != new.get("default") and "default" in old:
        yield Broken(where, f"default was {_shown(old, 'default')}, is {_shown(new, 'default')}")


def _shown(schema: Schema, name: str) -> str:
    value = schema.get(name, "not given")
    return f"{value} or null" if name == "type" and schema.get("nullable") else str(value)


def _required(old: Schema, new: Schema, way: Way, where: str) -> Iterator[Broken]:
    before, after = set(old.get("required", ())), set(new.get("required", ()))
    if way is Way.REQUEST:
        yield from (Broken(f"{where}.{name}", "is required now") for name in sorted(after - before))
    else:
        kept = (before - after) & set(new.get("properties", {}))
        yield from (Broken(f"{where}.{name}", "may be missing now") for name in sorted(kept))
