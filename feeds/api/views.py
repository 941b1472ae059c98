from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import BearerAuthentication
from feeds import reading, selectors
from feeds.api.fallback import FEED_SOURCE, home_scope, popular_when_it_fails
from feeds.api.serializers import HomeFeedOutput, item_json
from feeds.selectors import HomeItem
from puppies.api.json import Answer
from puppies.api.pagination import LIMIT_AND_CURSOR, Window, paginate
from puppies.errors import Unauthenticated
from puppies.viewer import Viewer, viewer_of


class HomeFeedView(APIView):
    def get_authenticators(self) -> list[BaseAuthentication]:
        # The statement of the feed asks about the session itself and saves a round trip.
        return [BearerAuthentication(asks_session=False)]

    @extend_schema(
        operation_id="feed_list",
        parameters=[*LIMIT_AND_CURSOR, FEED_SOURCE],
        responses=HomeFeedOutput,
        summary="Home feed",
        tags=["feeds"],
    )
    @popular_when_it_fails
    def get(self, request: Request) -> HttpResponse:
        """Your own posts and those of the accounts you follow, newest first, endless, each once.

        While it cannot be read, popular posts are answered instead: `source` is then `popular`, `next` leads on through these, and asking
        this address again shows the home feed as soon as it can be read.
        """
        viewer = viewer_of(request)
        try:
            items, links = paginate(
                request,
                scope=home_scope(request),
                fetch=lambda window: _fetch(viewer, window),
                key=lambda item: item.feed_id,
            )
        except selectors.SessionEnded as error:
            raise Unauthenticated("This session has ended.") from error
        return Answer({"results": [item_json(item) for item in items], **links, "source": "home"})


def _fetch(viewer: Viewer, window: Window) -> list[HomeItem]:
    who = {"reader_id": viewer.id, "session_id": viewer.session_id, "limit": window.limit}
    if window.upward:
        return reading.read_newer(**who, after=window.after, shown=window.shown)
    return reading.read_older(**who, before=window.before)
