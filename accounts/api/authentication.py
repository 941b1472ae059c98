"""Bearer tokens: verified without a query, then checked against their session."""

from time import time
from typing import Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError

from accounts import keys, selectors
from accounts.api.permissions import Public
from accounts.api.tokens import SessionToken
from puppies.api.problems import CHALLENGE
from puppies.errors import Unauthenticated
from puppies.viewer import Viewer

MOST_TOKENS = 10_000
# In a request's META: whom its token names. The limits ask first, then the view.
BEARER = "puppies.bearer"


class GoodTokens:
    """Tokens whose signature was found good, under the ring that verified them."""

    def __init__(self, ring: keys.KeyRing) -> None:
        self.ring = ring
        self.viewers: dict[str, tuple[Viewer, float]] = {}


_good: GoodTokens | None = None


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`, refused once its session is revoked or its account is not active.

    With `asks_session=False` the token alone is verified: for a view whose own statement asks about the session.
    """

    def __init__(self, *, asks_session: bool = True) -> None:
        self._asks_session = asks_session

    def authenticate(self, request: Request) -> tuple[Viewer, None] | None:
        viewer = bearer_of(request)
        if viewer is None:
            return None
        is_good = not self._asks_session or selectors.session_is_good(
            session_id=viewer.session_id, user_id=viewer.id
        )
        if not is_good:
            raise Unauthenticated("This session has ended.")
        return viewer, None

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def bearer_of(request: Request) -> Viewer | None:
    """The bearer that the request's token names; None without one. Raises Unauthenticated for a bad token."""
    found = request.META.get(BEARER)
    if found is None:
        found = _bearer(request)
        if found is not None:
            request.META[BEARER] = found
    return cast("Viewer | None", found)


def _bearer(request: Request) -> Viewer | None:
    scheme, _, raw = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer":
        raise Unauthenticated("Send Authorization: Bearer <access token>.")
    return _verified(raw.strip())


def _verified(raw: str) -> Viewer:
    """Whom a good token names. A token comes with every request of its session, so that good ones are remembered until they expire."""
    good = _good_tokens()
    known = good.get(raw)
    if known is not None and known[1] > time():
        return known[0]
    try:
        token = SessionToken(raw)  # type: ignore[arg-type]  # it takes text
    except TokenError as error:
        raise Unauthenticated("The access token is not valid or has expired.") from error
    if len(good) >= MOST_TOKENS:
        good.clear()
    viewer = Viewer(id=int(token["sub"]), session_id=int(token["sid"]))
    good[raw] = viewer, float(token["exp"])
    return viewer


def _good_tokens() -> dict[str, tuple[Viewer, float]]:
    """What is remembered; another ring begins with nothing, for a key may have been taken out of it."""
    global _good  # noqa: PLW0603 - one memory per process
    ring = keys.ring()
    if _good is None or _good.ring is not ring:
        _good = GoodTokens(ring)
    return _good.viewers


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, Any]]:
        """A token; on public routes also none."""
        permissions: list[Any] = auto_schema.view.get_permissions()
        is_public = all(isinstance(permission, Public) for permission in permissions)
        return [{self.name: []}, {}] if is_public else [{self.name: []}]

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "`access` of the answer to `POST /v1/auth/register` or `POST /v1/auth/token`. It is good for "
            "15 minutes, or until its session ends; `POST /v1/auth/token/refresh` gives the next one.",
        }
