"""Typed readers of environment variables that refuse what they cannot use and remember what they were asked.

Every reader takes the variable's name, its default and one sentence for the table in `docs/settings.md`. A default of `None` makes
the variable required. A value may also come from the file named by `<NAME>_FILE` (a mounted secret). A value that does not fit
raises `ImproperlyConfigured` naming the variable and what would fit.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Variable:
    """One row of the settings table; `default` is shown as written in code."""

    name: str
    kind: str
    default: str
    meaning: str


TABLE: dict[str, Variable] = {}
# Where a store is looked for that nobody named: where nothing listens. The usual ports could be those of another stack, and a command
# meant for this one would work on that one's data.
NOWHERE = "127.0.0.1:1"


def data_dir() -> Path:
    """The folder of the embedded stack's data, absolute."""
    return Path(os.environ.get("DATA_DIR", ".data")).resolve()


def _running_stack() -> dict[str, str]:
    # A stack started by `manage.py up` records its addresses, so that commands in another terminal meet the same stores.
    try:
        recorded = json.loads((data_dir() / "stack.json").read_text())
    except (OSError, ValueError):
        return {}
    environment = recorded.get("environment", {}) if isinstance(recorded, dict) else {}
    return {str(name): str(value) for name, value in environment.items()}


def _raw(name: str) -> str | None:
    if (value := os.environ.get(name)) is not None:
        return value
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {path}, which cannot be read: {error}.") from error
    return _running_stack().get(name)


def _read(name: str, kind: str, default: T | None, meaning: str, parse: Callable[[str], T]) -> T:
    TABLE[name] = Variable(name, kind, "required" if default is None else _shown(default), meaning)
    raw = _raw(name)
    if raw is None:
        if default is None:
            raise ImproperlyConfigured(f"Set {name} (or {name}_FILE): {meaning}")
        return default
    try:
        return parse(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be {kind}: {error}.") from error


def _shown(default: object) -> str:
    if isinstance(default, list):
        return ",".join(map(str, default)) or "empty"
    return str(default) if default != "" else "empty"


def text(name: str, default: str | None, meaning: str, *, choices: tuple[str, ...] = ()) -> str:
    """A string, one of `choices` where they are given."""

    def parse(raw: str) -> str:
        if choices and raw not in choices:
            raise ValueError(f"got {raw!r}")
        return raw

    return _read(name, " or ".join(choices) or "text", default, meaning, parse)


def secret(name: str, default: str | None, meaning: str) -> str:
    """A string whose default is never printed in the table."""
    value = _read(name, "secret", default, meaning, str)
    if default:
        TABLE[name] = Variable(name, "secret", "for development only", meaning)
    return value


def flag(name: str, default: bool, meaning: str) -> bool:
    """A boolean written as 1/0, true/false, yes/no or on/off."""

    def parse(raw: str) -> bool:
        words = {"1": True, "true": True, "yes": True, "on": True}
        words |= {"0": False, "false": False, "no": False, "off": False, "": False}
        if raw.lower() not in words:
            raise ValueError(f"got {raw!r}")
        return words[raw.lower()]

    return _read(name, "true or false", default, meaning, parse)


def integer(name: str, default: int | None, meaning: str, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """A whole number within [least, most]."""

    def parse(raw: str) -> int:
        number = _whole_number(raw)
        if number is None or not least <= number <= most:
            raise ValueError(f"got {raw!r}")
        return number

    kind = f"a whole number from {least}" + (f" to {most}" if most != 2**31 - 1 else "")
    return _read(name, kind, default, meaning, parse)


def _whole_number(raw: str) -> int | None:
    # Not in the words of int(), which are for programmers.
    try:
        return int(raw)
    except ValueError:
        return None


def words(name: str, default: list[str], meaning: str) -> list[str]:
    """A comma-separated list, blanks around the words dropped."""
    return _read(
        name,
        "words separated by commas",
        default,
        meaning,
        lambda raw: [word.strip() for word in raw.split(",") if word.strip()],
    )


def networks(name: str, default: list[str], meaning: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks in CIDR notation, or single addresses, separated by commas."""
    listed = words(name, default, meaning)
    TABLE[name] = Variable(name, "networks separated by commas", _shown(default), meaning)
    try:
        return tuple(ip_network(word) for word in listed)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} must be networks such as 10.0.0.0/8,fd00::/8: {error}."
        ) from error


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A PostgreSQL server and database, taken apart from its URL."""

    name: str
    user: str
    password: str
    host: str
    port: int


def database(name: str, default: str, meaning: str) -> DatabaseAddress:
    """`postgres://user:password@host:port/name` with percent-encoding where the parts need it."""
    default_address = _database_address(default)
    found = _read(
        name, "postgres://user:password@host:port/name", default_address, meaning, _database_address
    )
    TABLE[name] = Variable(name, TABLE[name].kind, "the embedded server", meaning)
    return found


def _database_address(raw: str) -> DatabaseAddress:
    url = urlsplit(raw)
    is_ours = url.scheme in {"postgres", "postgresql"} and url.hostname and url.path.strip("/")
    if not is_ours or not _has_port_or_none(url):
        # The value itself may hold a password: it is not repeated.
        raise ValueError("the value has another form")
    return DatabaseAddress(
        name=unquote(url.path.strip("/")),
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        host=url.hostname or "",
        port=url.port or 5432,
    )


def _has_port_or_none(url: SplitResult) -> bool:
    # What stands in the place of a port may be half a password whose slash was not encoded.
    try:
        return url.port is None or url.port > 0
    except ValueError:
        return False
