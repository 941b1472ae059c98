"""I5 tried out: what cannot be understood is refused, and whatever fails says so in the one way that is promised."""

from dataclasses import dataclass, field
from http import HTTPStatus

from config.verification.probe.people import Api, Asked, Person

HOME = "/v1/feed"


@dataclass(frozen=True)
class Malformed:
    """A request that no client should send."""

    method: str
    path: str
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


JSON = {"Content-Type": "application/json"}
# Where no limit is spent that the probe needs.
MALFORMED = (
    Malformed("PATCH", "/v1/users/me", b'{"bio": ', JSON),
    Malformed("PATCH", "/v1/users/me", b'{"bio": "\xff\xfe"}', JSON),
    Malformed("PATCH", "/v1/users/me", b'{"bio": "\\u0000"}', JSON),
    Malformed("PATCH", "/v1/users/me", b"[" * 100_000, JSON),
    Malformed("PATCH", "/v1/users/me", b"bio=x", {"Content-Type": "application/x-www-form-urlencoded"}),
    Malformed("POST", f"/v1/posts/{'9' * 40}/likes"),
    Malformed("DELETE", "/v1/posts/%00/likes"),
    Malformed("GET", "/v1/feed?limit=-1"),
    Malformed("GET", "/v1/feed?limit=99999999999999999999"),
    Malformed("GET", "/v1/feed?cursor=%00%ff"),
    Malformed("GET", "/v1/feed?cursor=" + "A" * 3_000),
    Malformed("GET", "/v1/users/%F0%9F%90%B6%00"),
    Malformed("GET", "/v1/nowhere"),
    Malformed("PUT", "/v1/feed"),
    Malformed("GET", "/v1/users/me", headers={"Authorization": "Bearer a.b.c"}),
    Malformed("GET", "/v1/users/me", headers={"Authorization": "Basic !!!"}),
)


def ask_badly(person: Person) -> list[str]:
    """What was not refused with a problem document."""
    findings = list[str]()
    for bad in MALFORMED:
        send = person.api.send if "Authorization" in bad.headers else person.send
        answer = send(bad.method, bad.path, raw=bad.raw, headers=bad.headers)
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code not in range(400, 500) or not kind.startswith("application/problem+json"):
            findings.append(f"{bad.method} {bad.path[:60]} was answered {answer.status_code} {kind}")
    return findings


def broken_answers(api: Api) -> list[str]:
    """Answers of the whole probe that fail in another way than promised."""
    return [fault for asked in api.asked if (fault := _fault(asked))]


def _fault(asked: Asked) -> str:
    answer = asked.response
    named = f"{asked.request[:80]} (request {answer.headers.get('X-Request-ID', '?')})"
    if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        return "" if "Retry-After" in answer.headers else f"{named} was answered 503 without Retry-After"
    if answer.status_code >= 500:
        return f"{named} was answered {answer.status_code}"
    is_home = asked.request.startswith(f"GET {HOME}?") or asked.request == f"GET {HOME}"
    if is_home and answer.status_code == HTTPStatus.OK:
        is_labelled = answer.headers.get("X-Feed-Source") == "fallback"
        if answer.json()["source"] != ("popular" if is_labelled else "home"):
            return f"{named} is not labelled as what it is"
    return ""
