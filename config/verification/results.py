"""What a check is asked and what it answers."""

from dataclasses import dataclass

MAX_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Options:
    """How much is looked at. `readers` 0 means all; `posts` per reader; seconds that work in hand is given.

    `api` is the API's address for clients, empty when none is known; only with `is_probing` is anything written, through it. `hosts` are
    the addresses at which each of its hosts tells its metrics.
    """

    readers: int
    posts: int
    page: int
    grace_seconds: int
    api: str = ""
    hosts: tuple[str, ...] = ()
    is_probing: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One check of a promise: how many things were examined, how many break it, and the first of these in words.

    `not_checked` says why nothing was examined; then the promise is neither kept nor broken.
    """

    promise: str
    name: str
    examined: int
    broken: int
    findings: tuple[str, ...]
    not_checked: str = ""


def result(promise: str, name: str, examined: int, findings: list[str]) -> Result:
    """The result of a check that was made, with the first of its findings."""
    return Result(promise, name, examined, len(findings), tuple(findings[:MAX_FINDINGS]))


def unchecked(promise: str, name: str, reason: str) -> Result:
    """The result of a check that was not made."""
    return Result(promise, name, 0, 0, (), not_checked=reason)
