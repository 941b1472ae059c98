from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import listings
from accounts.api.permissions import Public, SignedIn
from accounts.api.presenting import users_json
from accounts.api.serializers import PREFIX_MOST, PrefixInput, UserPageOutput
from accounts.api.user_views import user_or_404
from accounts.listings import Listed
from puppies.api.json import Answer
from puppies.api.pagination import LIMIT_AND_CURSOR, Window, link, paginate, read_cursor, read_limit
from puppies.api.serializers import VISIBLE_PATTERN
from puppies.errors import InvalidCursor
from puppies.viewer import viewer_of

PREFIX = OpenApiParameter(
    "q",
    {"type": "string", "minLength": 1, "maxLength": PREFIX_MOST, "pattern": VISIBLE_PATTERN},
    required=True,
    description=f"How the username begins, 1 to {PREFIX_MOST} characters.",
)


class SearchView(APIView):
    permission_classes = (Public,)

    @extend_schema(
        operation_id="users_list",
        parameters=[PREFIX, *LIMIT_AND_CURSOR],
        responses=UserPageOutput,
        summary="Search accounts",
        tags=["users"],
    )
    def get(self, request: Request) -> HttpResponse:
        """Accounts whose username begins with `q`, in alphabetical order; `previous` is always null. 400 `validation_failed`."""
        query = PrefixInput(data={"q": request.query_params.get("q", "")})
        query.is_valid(raise_exception=True)
        prefix, limit, viewer_id = query.validated_data["q"], read_limit(request), viewer_of(request).id
        scope = f"users:{viewer_id}:{prefix}"
        found = listings.search(
            prefix=prefix, viewer_id=viewer_id, limit=limit + 1, after=_after(request, scope)
        )
        page, has_more = found[:limit], len(found) > limit
        more = link(request, scope=scope, place={"u": page[-1].username}) if has_more else None
        return Answer({"results": users_json(page, viewer_id=viewer_id), "next": more, "previous": None})


class FollowersView(APIView):
    permission_classes = (Public,)

    @extend_schema(
        operation_id="users_followers_list",
        parameters=LIMIT_AND_CURSOR,
        responses=UserPageOutput,
        summary="Followers",
        tags=["users"],
    )
    def get(self, request: Request, username: str) -> HttpResponse:
        """Who follows this account, the newest first."""
        user, viewer_id = user_or_404(request, username), viewer_of(request).id
        return _page(
            request,
            f"followers:{user.id}",
            lambda window: listings.followers(user_id=user.id, viewer_id=viewer_id, place=window),
        )


class FollowingView(APIView):
    permission_classes = (Public,)

    @extend_schema(
        operation_id="users_following_list",
        parameters=LIMIT_AND_CURSOR,
        responses=UserPageOutput,
        summary="Followed accounts",
        tags=["users"],
    )
    def get(self, request: Request, username: str) -> HttpResponse:
        """Whom this account follows, the newest first."""
        user, viewer_id = user_or_404(request, username), viewer_of(request).id
        return _page(
            request,
            f"following:{user.id}",
            lambda window: listings.following(user_id=user.id, viewer_id=viewer_id, place=window),
        )


class BlocksView(APIView):
    permission_classes = (SignedIn,)

    @extend_schema(
        operation_id="users_me_blocks_list",
        parameters=LIMIT_AND_CURSOR,
        responses=UserPageOutput,
        summary="Accounts you block",
        tags=["users"],
    )
    def get(self, request: Request) -> HttpResponse:
        """Whom you block, the newest first: the only place where you still see them."""
        user_id = viewer_of(request).id
        return _page(request, "blocks", lambda window: listings.blocked_by(user_id=user_id, place=window))


class MutesView(APIView):
    permission_classes = (SignedIn,)

    @extend_schema(
        operation_id="users_me_mutes_list",
        parameters=LIMIT_AND_CURSOR,
        responses=UserPageOutput,
        summary="Accounts you mute",
        tags=["users"],
    )
    def get(self, request: Request) -> HttpResponse:
        """Whom you mute, the newest first."""
        user_id = viewer_of(request).id
        return _page(request, "mutes", lambda window: listings.muted_by(user_id=user_id, place=window))


def _page(request: Request, scope: str, fetch: Callable[[Window], list[Listed]]) -> HttpResponse:
    viewer_id = viewer_of(request).id
    rows, links = paginate(request, scope=f"{scope}:{viewer_id}", fetch=fetch, key=lambda row: row[0])
    return Answer({"results": users_json([user for _, user in rows], viewer_id=viewer_id), **links})


def _after(request: Request, scope: str) -> str:
    place: Any = read_cursor(request, scope=scope).get("u", "")
    if not isinstance(place, str):
        raise InvalidCursor
    return place
