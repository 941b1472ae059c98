from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.api.authentication import BearerAuthentication
from accounts.api.permissions import Public
from feeds.api.serializers import PopularFeedOutput, item_json
from feeds.popular import snapshots
from feeds.popular.pages import Place, popular_page
from feeds.popular.snapshots import Snapshot
from feeds.selectors import SessionEnded
from puppies import cursors
from puppies.api.conditional import IF_NONE_MATCH, conditional, version_of
from puppies.api.pagination import LIMIT_AND_CURSOR, read_cursor, read_limit
from puppies.errors import InvalidCursor, Unauthenticated
from puppies.viewer import viewer_of

SCOPE = "popular"


class PopularFeedView(APIView):
    permission_classes = (Public,)

    def get_authenticators(self) -> list[BaseAuthentication]:
        # The statement of the page asks about the session itself and saves a round trip.
        return [BearerAuthentication(asks_session=False)]

    @extend_schema(
        operation_id="feed_popular_list",
        parameters=[*LIMIT_AND_CURSOR, IF_NONE_MATCH],
        responses={200: PopularFeedOutput, 304: None},
        summary="Popular posts",
        tags=["feeds"],
    )
    def get(self, request: Request) -> HttpResponse:
        """Popular now, the most popular first; at most one post of an author a page.

        The ranking is made anew each minute. The links of a page stay with the ranking that it began with, so that no post comes twice,
        for half an hour; after that they are 400 `invalid_cursor`: begin again without a cursor. Signed in, whom you muted or blocked
        and who blocked you is left out.
        """
        limit = read_limit(request)
        snapshot, place = _start(read_cursor(request, scope=SCOPE))
        page = popular_body(request, snapshot, place, limit=limit)
        return conditional(request, page, version=version_of(snapshot.id))


def popular_body(request: Request, snapshot: Snapshot, place: Place, *, limit: int) -> dict[str, Any]:
    """A page of popular posts as clients see it. Raises Unauthenticated when the caller's session has ended."""
    viewer = viewer_of(request)
    try:
        page = popular_page(
            snapshot, reader_id=viewer.id, session_id=viewer.session_id, limit=limit, place=place
        )
    except SessionEnded as error:
        raise Unauthenticated("This session has ended.") from error
    return {
        "results": [item_json(item) for item in page.items],
        "next": _link(request, snapshot, page.following, limit) if page.following else None,
        "previous": None,
        "source": "popular",
    }


def first_page(request: Request, *, limit: int) -> dict[str, Any]:
    """The first page of what is popular now."""
    return popular_body(request, snapshots.newest(), Place(), limit=limit)


def _start(given: dict[str, Any]) -> tuple[Snapshot, Place]:
    match given:
        case {} if not given:
            return snapshots.newest(), Place()
        case {"s": int(snapshot_id), "r": int(rank), "w": str(waiting)}:
            place = Place(rank, _ranks(waiting))
            if (snapshot := snapshots.named(snapshot_id)) is None:
                raise InvalidCursor("This ranking is no longer kept. Begin again without a cursor.")
            return snapshot, place
    raise InvalidCursor


def _link(request: Request, snapshot: Snapshot, place: Place, limit: int) -> str:
    cursor = cursors.encode({"s": snapshot.id, "r": place.rank, "w": _bits(place.waiting)}, scope=SCOPE)
    return f"{reverse('popular-feed', request=request)}?limit={limit}&cursor={cursor}"


def _bits(ranks: tuple[int, ...]) -> str:
    """Ranks as one number in hexadecimal digits, a bit each: a thousand of them still fit into an address."""
    return f"{sum(1 << rank for rank in ranks):x}"


def _ranks(bits: str) -> tuple[int, ...]:
    try:
        number = int(bits, 16)
    except ValueError as error:
        raise InvalidCursor from error
    return tuple(rank for rank in range(number.bit_length()) if number >> rank & 1)
