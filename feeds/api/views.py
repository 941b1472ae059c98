from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import BearerAuthentication
from feeds import reading, selectors
from feeds.api.serializers import HomeFeedOutput, item_json
from feeds.selectors import HomeItem
from puppies.api.pagination import LIMIT_AND_CURSOR, Window, paginate
from puppies.errors import Unauthenticated
from puppies.viewer import Viewer, viewer_of


class HomeFeedView(APIView):
    def get_authenticators(self) -> list[BaseAuthentication]:
        # The statement of the feed asks about the session itself and saves a round trip.
        return [BearerAuthentication(asks_session=False)]

    @extend_schema(
        operation_id="feed_list",
        parameters=LIMIT_AND_CURSOR,
        responses=HomeFeedOutput,
        summary="Home feed",
        tags=["feeds"],
    )
    def get(self, request: Request) -> Response:
        """Your own posts and those of the accounts you follow, newest first, endless, each once."""
        viewer = viewer_of(request)
        try:
            items, links = paginate(
                request,
                scope=f"home:{viewer.id}",
                fetch=lambda window: _fetch(viewer, window),
                key=lambda item: item.feed_id,
            )
        except selectors.SessionEnded as error:
            raise Unauthenticated("This session has ended.") from error
        return Response({"results": [item_json(item) for item in items], **links, "source": "home"})


def _fetch(viewer: Viewer, window: Window) -> list[HomeItem]:
    who = {"reader_id": viewer.id, "session_id": viewer.session_id, "limit": window.limit}
    if window.upward:
        return reading.read_newer(**who, after=window.after, shown=window.shown)
    return reading.read_older(**who, before=window.before)
