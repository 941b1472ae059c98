"""Operations before and after: their addresses, what they take, whom they let in, what they answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from config.compatibility.schemas import Broken, Comparison, Document, Way

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PLACE = re.compile(r"\{([^}]*)\}")
_CODE = re.compile(r"`([a-z][a-z_]*)`")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, with what its path and its document say for all operations."""

    document: Document
    path: str
    data: dict[str, Any]
    shared: list[Any]

    @property
    def parameters(self) -> dict[tuple[str, str], dict[str, Any]]:
        """By place and name; what is in the path has its position for a name, because clients do not see the name."""
        positions = {name: str(index) for index, name in enumerate(_PLACE.findall(self.path))}
        rows = [self.document.at(row) for row in [*self.shared, *self.data.get("parameters", ())]]
        return {
            (row["in"], positions.get(row["name"], "") if row["in"] == "path" else _spelled(row)): row
            for row in rows
        }

    @property
    def security(self) -> list[dict[str, list[str]]]:
        """The alternatives of which one has to be met; nothing to meet is `{}`."""
        listed = self.data.get("security", self.document.root.get("security"))
        return listed or [{}]

    @property
    def responses(self) -> dict[str, dict[str, Any]]:
        return {status: self.document.at(row) for status, row in self.data.get("responses", {}).items()}


def _spelled(parameter: dict[str, Any]) -> str:
    name = str(parameter["name"])
    return name.lower() if parameter["in"] == "header" else name


def broken_promises(old: dict[str, Any], new: dict[str, Any]) -> list[Broken]:
    """What a client made for the document `old` can no longer rely on under `new`."""
    before, after = _operations(Document(old)), _operations(Document(new))
    found: list[Broken] = []
    for name, operation in before.items():
        label = f"{name[0].upper()} {operation.path}"
        if name in after:
            found += _operation(operation, after[name], label)
        else:
            found.append(Broken(label, "is gone"))
    return found


def _operations(document: Document) -> dict[tuple[str, str], Operation]:
    return {
        (method, _PLACE.sub("{}", path)): Operation(document, path, item[method], item.get("parameters", []))
        for path, item in document.root.get("paths", {}).items()
        for method in _METHODS
        if method in item
    }


def _operation(old: Operation, new: Operation, label: str) -> Iterator[Broken]:
    comparison = Comparison(old.document, new.document)
    yield from _parameters(comparison, old, new, label)
    yield from _security(old, new, label)
    yield from _body(comparison, old, new, label)
    yield from _responses(comparison, old, new, label)


def _parameters(comparison: Comparison, old: Operation, new: Operation, label: str) -> Iterator[Broken]:
    before, after = old.parameters, new.parameters
    for key, row in after.items():
        if row.get("required") and not before.get(key, {}).get("required"):
            yield Broken(f"{label} ?{row['name']}", "is required now")
    for key, row in before.items():
        where = f"{label} ?{row['name']}"
        if key in after:
            yield from comparison.schemas(
                row.get("schema"), after[key].get("schema"), way=Way.REQUEST, where=where
            )
        else:
            yield Broken(where, "is gone")


def _security(old: Operation, new: Operation, label: str) -> Iterator[Broken]:
    for way_in in old.security:
        if not any(_asks_no_more(other, way_in) for other in new.security):
            yield Broken(label, f"is not open any more to whoever has {' and '.join(way_in) or 'no token'}")


def _asks_no_more(new: dict[str, list[str]], old: dict[str, list[str]]) -> bool:
    return all(name in old and set(scopes) <= set(old[name]) for name, scopes in new.items())


def _body(comparison: Comparison, old: Operation, new: Operation, label: str) -> Iterator[Broken]:
    before, after = old.document.at(old.data.get("requestBody")), new.document.at(new.data.get("requestBody"))
    where = f"{label} body"
    if after.get("required") and not before.get("required"):
        yield Broken(where, "is required now")
    yield from _content(comparison, before, after, Way.REQUEST, where)


def _content(
    comparison: Comparison, old: dict[str, Any], new: dict[str, Any], way: Way, where: str
) -> Iterator[Broken]:
    before, after = old.get("content", {}), new.get("content", {})
    for media_type, row in before.items():
        if media_type in after:
            yield from comparison.schemas(
                row.get("schema"), after[media_type].get("schema"), way=way, where=where
            )
        else:
            yield Broken(where, f"is no {media_type} any more")


def _responses(comparison: Comparison, old: Operation, new: Operation, label: str) -> Iterator[Broken]:
    before, after = old.responses, new.responses
    for status, row in before.items():
        where = f"{label} {status}"
        if status in after:
            yield from _content(comparison, row, after[status], Way.RESPONSE, where)
            yield from _headers(comparison, row, after[status], where)
            yield from _codes(status, row, after[status], where)
        else:
            yield Broken(where, "is gone")


def _headers(
    comparison: Comparison, old: dict[str, Any], new: dict[str, Any], where: str
) -> Iterator[Broken]:
    after = {name.lower(): comparison.new.at(row) for name, row in new.get("headers", {}).items()}
    for name, node in old.get("headers", {}).items():
        header, place = comparison.old.at(node), f"{where} {name}"
        if name.lower() not in after:
            yield Broken(place, "is gone")
            continue
        now = after[name.lower()]
        if header.get("required") and not now.get("required"):
            yield Broken(place, "may be missing now")
        yield from comparison.schemas(header.get("schema"), now.get("schema"), way=Way.RESPONSE, where=place)


def _codes(status: str, old: dict[str, Any], new: dict[str, Any], where: str) -> Iterator[Broken]:
    """A refusal's description names its codes, which clients compare."""
    if status < "400":
        return
    gone = set(_CODE.findall(old.get("description", ""))) - set(_CODE.findall(new.get("description", "")))
    yield from (Broken(where, f"code {code} is gone") for code in sorted(gone))
