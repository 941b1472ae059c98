"""The published schema as a tester: the requests that it allows and forbids, and what every answer has to keep."""

import os
import re
from dataclasses import dataclass, replace
from functools import cache
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import schemathesis
from django.conf import settings
from schemathesis.checks import CheckContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import positive_data_acceptance

from puppies.api import problems
from tests.flows.installation import Installation
from tests.flows.people import PASSWORD, Person, register, sign_in

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "10"))
# Access tokens are good for 15 minutes.
RENEWED_SECONDS = 600
# Any answer of an HTTP server may carry these; what they are for is not this API's to explain.
GENERAL_HEADERS = {
    "allow", "cache-control", "connection", "content-length", "content-security-policy", "content-type",
    "cross-origin-opener-policy", "cross-origin-resource-policy", "date", "permissions-policy", "referrer-policy",
    "server", "vary", "x-content-type-options", "x-frame-options",
}  # fmt: skip
# Beyond what the description of the whole API says of every operation (405, 406), an operation declares its own answers.
GENERAL_STATUSES = {405, 406}
# Text that shows nothing, and characters that no text has: more than a portable pattern can say.
UNSEEN = {"blank", "null_characters_not_allowed", "surrogate_characters_not_allowed"}
# No schema can say that a member goes with one value of a place in the address: this one goes with Apple.
OF_ONE_ADDRESS = {("POST /v1/auth/oauth/{provider}", "/user", "unknown_field")}


def _loaded(*, with_boundaries: bool) -> Any:
    config = SchemathesisConfig()
    phases = config.projects.default.phases
    # What was answered before must not decide what is asked next: the same requests in every run.
    phases.fuzzing.extra_data_sources.responses = False
    phases.fuzzing.error_feedback.is_enabled = False
    phases.coverage.enabled = with_boundaries
    schema = schemathesis.openapi.from_path(settings.BASE_DIR / "docs" / "openapi.yaml", config=config)
    schema.hook(filter_query)
    return schema


def filter_query(_: Any, query: dict[str, Any] | None) -> bool:
    """A parameter that an operation does not know is passed over, one without a name too: there is nothing to refuse."""
    return "" not in (query or {})


# Random requests, and besides them the boundary values of every parameter and member: those once, they cost the most.
THOROUGHLY = _loaded(with_boundaries=True)
BRIEFLY = _loaded(with_boundaries=False)
SESSION = requests.Session()


@dataclass(frozen=True)
class Caller:
    """Who asks, nobody in particular when None, and names of things that exist for the places in an address."""

    person: Person | None
    names: dict[str, str]
    # For whoever asks longer than an access token is good.
    is_renewed: bool = True

    @property
    def headers(self) -> dict[str, str]:
        if self.person is None:
            return {}
        access = _renewed(self.person, int(monotonic() // RENEWED_SECONDS)) if self.is_renewed else ""
        return {"Authorization": f"Bearer {access or self.person.access}"}


@cache
def _renewed(person: Person, _period: int) -> str:
    return sign_in(person).access


@dataclass(frozen=True)
class World:
    """Two callers and nobody, with an author to read and a foe to block."""

    installation: Installation
    callers: dict[str, Caller]

    @classmethod
    def made(cls, installation: Installation) -> "World":
        """A fresh one."""
        author, foe = register(installation, "author"), register(installation, "foe")
        plain, moderator = register(installation, "plain"), register(installation, "moderator")
        installation.manage("grant_role", moderator.username, "moderator")
        post_id = author.post("hello")
        names = {"username": author.username, "id": str(post_id), "foe": foe.username}
        names |= {"comment": str(author.comment(post_id, "hello")), "provider": "google"}
        return cls(
            installation,
            {
                "anonymous": Caller(None, names),
                "plain": Caller(plain, names),
                "moderator": Caller(moderator, names),
            },
        )

    def newcomer(self, name: str) -> tuple[Caller, dict[str, str]]:
        """A caller whom nobody else needs, and the account that it registered with."""
        person = register(self.installation, name)
        account = {"username": person.username, "password": PASSWORD}
        return replace(self.callers["plain"], person=person, is_renewed=False), account


def ask(case: Any, caller: Caller, world: World) -> Response:
    """Send one request as the caller; AssertionError (or a group of them) when the answer breaks the contract."""
    answer: Response = case.call_and_validate(
        base_url=world.installation.url,
        session=SESSION,
        headers=caller.headers,
        additional_checks=CHECKS,
        # `refuses_nothing_that_is_declared_valid` knows this API's words for what is not valid.
        excluded_checks=[positive_data_acceptance],
    )
    return answer


def ask_by_name(case: Any, caller: Caller, world: World) -> Response | None:
    """The same request for what exists; None where the address has no places."""
    if not case.path_parameters:
        return None
    named = {name: caller.names[name] for name in case.path_parameters}
    if case.path.endswith("/block"):
        named["username"] = caller.names["foe"]
    if case.path.startswith("/v1/comments/"):
        named["id"] = caller.names["comment"]
    known = case.derive()
    known.path_parameters = named
    return ask(known, caller, world)


def _declared(response: Response, case: Any) -> dict[str, Any]:
    """What the operation declares of this status; empty for the statuses that are explained for all."""
    found = case.operation.responses.find_by_status_code(response.status_code)
    return dict(found.definition) if found else {}


def _document(response: Response) -> dict[str, Any]:
    document: dict[str, Any] = response.json()
    return document


def is_a_problem_document(_: CheckContext, response: Response, case: Any) -> None:
    """Every refusal and failure is one document, about this request and this answer."""
    if response.status_code < 400:
        return
    assert response.headers["content-type"] == [problems.CONTENT_TYPE]
    document = _document(response)
    assert set(document) == set(problems.document(status=400, path="/"))
    assert document["status"] == response.status_code
    assert document["instance"] == unquote(urlsplit(response.request.url).path, errors="replace")
    assert re.fullmatch(r"[0-9a-f]{32}", document["trace_id"])


def has_a_code_with_a_page(_: CheckContext, response: Response, case: Any) -> None:
    """The code is one that the operation declares, and `type` leads to the page that explains it."""
    if response.status_code < 400:
        return
    document = _document(response)
    assert document["type"] == f"/docs/errors/{document['code']}"
    if response.status_code not in GENERAL_STATUSES:
        assert f"`{document['code']}`" in _declared(response, case)["description"]
    origin = urlsplit(str(response.request.url))
    assert _page_status(f"{origin.scheme}://{origin.netloc}{document['type']}") == 200


@cache
def _page_status(url: str) -> int:
    return requests.get(url, timeout=15).status_code


def declares_its_headers(_: CheckContext, response: Response, case: Any) -> None:
    """A client never meets a header of this API that the schema does not explain."""
    if response.status_code in GENERAL_STATUSES or response.request.method != case.operation.method.upper():
        return
    declared = {name.lower() for name in _declared(response, case).get("headers", {})}
    undeclared = set(response.headers) - GENERAL_HEADERS - declared
    assert not undeclared, f"undeclared: {undeclared} of {response.status_code}"


def refuses_nothing_that_is_declared_valid(_: CheckContext, response: Response, case: Any) -> None:
    """What the schema allows passes the validation of bodies and parameters; rules about content may still refuse it."""
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    document = _document(response)
    assert document["code"] not in {"invalid", "invalid_limit", "invalid_idempotency_key"}
    if document["code"] == "validation_failed":
        rows = [row for row in document["errors"] if not _is_of_one_address(case, row)]
        assert {row["code"] for row in rows} <= UNSEEN


def _is_of_one_address(case: Any, row: dict[str, str]) -> bool:
    return (case.operation.label, row["pointer"], row["code"]) in OF_ONE_ADDRESS


CHECKS = [
    is_a_problem_document,
    has_a_code_with_a_page,
    declares_its_headers,
    refuses_nothing_that_is_declared_valid,
]
