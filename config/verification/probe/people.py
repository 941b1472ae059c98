"""Accounts that exist as long as a probe does, and what they ask of the API."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import requests
from django.utils import timezone

from accounts.deletion import request_deletion, start_due_purges
from accounts.models import User
from puppies.ids import first_id_at

TIMEOUT_SECONDS = 15.0
# The longest that a limit on requests may make the probe wait.
PATIENCE_SECONDS = 75.0
# No mail reaches such a host (RFC 2606).
MAIL_HOST = "probe.invalid"
LEFT_BEHIND = timedelta(hours=1)


class NotPossible(Exception):
    """The probe cannot go on; the text says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and what came of it."""

    request: str
    response: requests.Response


@dataclass
class Api:
    """The API as its clients reach it; remembers every answer."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    def send(
        self,
        method: str,
        path: str,
        *,
        access: str = "",
        body: Any = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        """One request; again when a limit says so. Raises NotPossible without an answer."""
        authorization = {"Authorization": f"Bearer {access}"} if access else {}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                response = requests.request(
                    method,
                    self.url + path,
                    json=body,
                    data=raw,
                    headers={**authorization, **(headers or {})},
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                raise NotPossible(f"{method} {path} was not answered ({type(error).__name__})") from error
            self.asked.append(Asked(f"{method} {path}", response))
            wait = int(response.headers.get("Retry-After", "1"))
            is_limited = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
            if not is_limited or time.monotonic() + wait > deadline:
                return response
            time.sleep(wait)


@dataclass
class Person:
    """A throw-away account, signed in."""

    api: Api
    id: int
    username: str
    password: str
    access: str
    refresh: str

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request with the access token."""
        return self.api.send(method, path, access=self.access, **options)

    def results(self, path: str) -> list[dict[str, Any]]:
        """The rows of one page of a list. Raises NotPossible for another answer than 200."""
        answer = expect(self.send("GET", path), HTTPStatus.OK, f"GET {path}")
        found: list[dict[str, Any]] = answer["results"]
        return found


def expect(response: requests.Response, status: int, what: str) -> dict[str, Any]:
    """The body of an answer with this status. Raises NotPossible for another."""
    if response.status_code != status:
        raise NotPossible(f"{what} was answered {response.status_code}, not {status}: {response.text[:200]}")
    body: dict[str, Any] = response.json()
    return body


def register(api: Api) -> Person:
    """Make an account through the API. Raises NotPossible."""
    name, password = f"probe_{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    account = {"username": name, "email": f"{name}@{MAIL_HOST}", "password": password}
    body = expect(
        api.send("POST", "/v1/auth/register", body=account), HTTPStatus.CREATED, "POST /v1/auth/register"
    )
    return Person(api, int(body["user"]["id"]), name, password, body["access"], body["refresh"])


def erase(user_ids: list[int]) -> None:
    """Delete these accounts without the grace that others have: the purge begins now and is done by the workers."""
    for user_id in user_ids:
        request_deletion(user_id=user_id, grace=timedelta())
    start_due_purges()


def erase_left_behind() -> None:
    """Delete accounts of probes that were killed."""
    until = first_id_at(timezone.now() - LEFT_BEHIND)
    left = User.objects.active().filter(
        username__startswith="probe_", email__endswith=f"@{MAIL_HOST}", id__lt=until
    )
    erase(list(left.values_list("id", flat=True)))
