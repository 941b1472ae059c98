"""Asking a provider over HTTP: bounded in time and size, redirects not followed, no credentials but those given."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import urllib3

from accounts.oidc.connecting import session_on
from accounts.oidc.doors import DoorShut, Line, door_to
from puppies.errors import DomainError

CONNECT_SECONDS = 2.0
READ_SECONDS = 3.0
WHOLE_SECONDS = 6.0
MOST_BYTES = 256 * 1024
PIECE = 16 * 1024
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "puppies"}
# Plain HTTP is for providers on this machine (production refuses it), which a proxy of the environment does not reach.
DIRECT = {"http": ""}

logger = logging.getLogger(__name__)


class ProviderUnavailable(DomainError):
    """The provider did not answer, or not with what it should; its tokens cannot be judged now."""

    code = "provider_unavailable"
    status = 503
    title = "The identity provider cannot be reached now"
    retry_after = 10
    is_refundable = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The status and the JSON object that a provider answered."""

    status: int
    document: dict[str, Any]


def get_document(url: str) -> dict[str, Any]:
    """The JSON object at this address. Raises ProviderUnavailable."""
    answer = _ask("GET", url)
    if answer.status != HTTPStatus.OK:
        raise unavailable(url, f"status {answer.status}")
    return answer.document


def post_form(url: str, form: Mapping[str, str]) -> Answer:
    """What this address answers to a form, refusals included. Raises ProviderUnavailable."""
    return _ask("POST", url, form)


def unavailable(url: str, reason: object) -> ProviderUnavailable:
    """The error to raise, with a line in the log."""
    logger.error("provider_unavailable url=%s reason=%s", url, reason)
    return ProviderUnavailable()


def _ask(method: str, url: str, form: Mapping[str, str] | None = None) -> Answer:
    where = urlsplit(url)
    try:
        return door_to(f"{where.netloc}{where.path}").ask(
            partial(_exchange, method, url, form), seconds=WHOLE_SECONDS
        )
    except DoorShut as error:
        raise ProviderUnavailable from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        # The error itself may repeat what was sent.
        raise unavailable(url, type(error).__name__) from error


def _exchange(method: str, url: str, form: Mapping[str, str] | None, line: Line) -> Answer:
    with (
        session_on(line) as session,
        session.request(
            method,
            url,
            data=form,
            headers=HEADERS,
            auth=_anonymous,
            proxies=DIRECT,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as response,
    ):
        return Answer(response.status_code, _object(_body(response)))


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    # Without an answer to "who are you" requests looks into ~/.netrc.
    return request


def _body(response: requests.Response) -> bytes:
    body = bytearray()
    while piece := response.raw.read1(PIECE):
        body += piece
        if len(body) > MOST_BYTES:
            raise ValueError("The answer is too large.")
    return bytes(body)


def _object(body: bytes) -> dict[str, Any]:
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise ValueError("The answer is no JSON object.")  # noqa: TRY004 - one error for every bad answer
    return document
