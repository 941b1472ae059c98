"""The rules that a request can break, as exceptions that know how to present themselves (RFC 9457).

A service raises a subclass of `DomainError` declared beside its rule; one handler renders them all. `code` is the stable name that
clients compare, `status` the HTTP status, `title` a constant sentence, the message the particular case.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One member of a problem's `errors`: where (a JSON pointer), which rule, in words."""

    pointer: str
    code: str
    detail: str


class DomainError(Exception):
    """A rule broken by a request; nothing has been changed."""

    code = "invalid"
    status = 400
    title = "The request breaks a rule"
    retry_after: int | None = None
    # Whether a failure (5xx) is given back to the limits of whoever asked; not where asking costs us.
    is_refundable = True

    def __init__(self, detail: str = "", *, errors: tuple[FieldProblem, ...] = ()) -> None:
        self.detail = detail or self.title
        self.errors = errors
        super().__init__(self.detail)


class NotFound(DomainError):
    """Absent, or not for this caller's eyes: the answers are the same."""

    code = "not_found"
    status = 404
    title = "There is nothing here"


class InvalidCursor(DomainError):
    code = "invalid_cursor"
    title = "The cursor is not valid for this list"


class Unavailable(DomainError):
    """Something this answer needs is down; trying again later is right."""

    code = "unavailable"
    status = 503
    title = "The service cannot answer now"
    retry_after = 2


class Unauthenticated(DomainError):
    code = "unauthenticated"
    status = 401
    title = "Sign in first"
