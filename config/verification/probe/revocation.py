"""I8 tried out: what is signed out is refused at once, also after Redis has forgotten everything about it."""

from http import HTTPStatus

from django.conf import settings

from config.verification.probe.people import Person, expect
from puppies.limits.requests import fingerprint
from puppies.redis_client import client

ME = "/v1/users/me"
REFRESH = "/v1/auth/token/refresh"


def sign_out(person: Person) -> list[str]:
    """What of an ended session was still good."""
    api = person.api
    credentials = {"username": person.username, "password": person.password}
    other = expect(api.send("POST", "/v1/auth/token", body=credentials), HTTPStatus.OK, "POST /v1/auth/token")
    expect(api.send("GET", ME, access=other["access"]), HTTPStatus.OK, f"GET {ME}")
    revoked = api.send("POST", "/v1/auth/token/revoke", body={"refresh": other["refresh"]})
    findings = [] if revoked.status_code == HTTPStatus.NO_CONTENT else ["a session cannot be signed out"]
    findings += _still_good(person, other, "at once")
    forget(person, other["refresh"])
    findings += _still_good(person, other, "after Redis forgot it")
    expect(person.send("GET", ME), HTTPStatus.OK, "another session of the account")
    return findings


def is_deleted(person: Person) -> list[str]:
    """What of a deleted account was still good."""
    return _still_good(person, {"access": person.access, "refresh": person.refresh}, "after its deletion")


def _still_good(person: Person, tokens: dict[str, str], when: str) -> list[str]:
    answers = {
        "access": person.api.send("GET", ME, access=tokens["access"]),
        "feed": person.api.send("GET", "/v1/feed", access=tokens["access"]),
        "refresh": person.api.send("POST", REFRESH, body={"refresh": tokens["refresh"]}),
    }
    return [
        f"the {name} of an ended session was answered {answer.status_code} {when}"
        for name, answer in answers.items()
        if answer.status_code != HTTPStatus.UNAUTHORIZED
    ]


def forget(person: Person, refresh: str) -> None:
    """Remove every key of the person from Redis, and nobody else's."""
    names = (str(person.id), fingerprint(person.username), fingerprint(refresh))
    for name in names:
        for key in client().scan_iter(match=f"{settings.REDIS_PREFIX}*{name}*", count=1_000):
            client().delete(key)
