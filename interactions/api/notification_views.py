from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.permissions import SignedIn
from interactions.api.notification_serializers import (
    KindsInput,
    MarkInput,
    NotificationPageOutput,
    PreferencesInput,
    PreferencesOutput,
    UnreadOutput,
    notification_json,
    preferences_json,
    unread_json,
)
from interactions.models import Kind
from interactions.notifications import marking, preferences, selectors
from interactions.notifications.selectors import Told, Unread
from puppies.api.json import Answer
from puppies.api.pagination import LIMIT_AND_CURSOR, Window, paginate
from puppies.looks import Look
from puppies.viewer import viewer_of

KINDS = OpenApiParameter(
    "kinds",
    {
        "type": "array",
        "items": {"type": "string", "enum": [kind.value for kind in Kind]},
        "minItems": 1,
        "maxItems": len(Kind),
    },
    explode=False,
    description="Only these, separated by commas; all when it is absent.",
)


class NotificationsView(APIView):
    permission_classes = (SignedIn,)

    @extend_schema(
        operation_id="notifications_list",
        parameters=[KINDS, *LIMIT_AND_CURSOR],
        responses=NotificationPageOutput,
        summary="What you are told of",
        tags=["notifications"],
    )
    def get(self, request: Request) -> HttpResponse:
        """What others did with your posts, comments and account, newest first, with how much of it is not read yet.

        Likes of a post are one notification: it rises when somebody new likes the post. One that rises while you walk down is found
        by `previous`. Who took the act back, is gone, is muted by you, or has a block between you is neither shown nor counted.
        Of likers the newest hundred are looked at: a post none of whom you may see is left out, whoever liked it before. A page may hold
        fewer than `limit`, or nothing, though there is more, where many in a row are left out: the list ends where `next` is null.
        400 `validation_failed`.
        """
        recipient_id, kinds = viewer_of(request).id, _kinds(request)
        unread: list[Unread] = []

        def fetch(window: Window) -> Look[Told, int]:
            listed = selectors.notifications(
                recipient_id=recipient_id,
                kinds=kinds,
                limit=window.limit,
                before=window.before,
                after=window.after,
                shown=window.shown,
                upward=window.upward,
            )
            unread.append(listed.unread)
            return Look(listed.told, until=listed.ends_at)

        scope = f"notifications:{recipient_id}:{','.join(sorted(kinds))}"
        page, links = paginate(request, scope=scope, fetch=fetch, key=lambda told: told.place)
        return Answer(
            {"results": [notification_json(told) for told in page], **links, **unread_json(unread[0])}
        )


class UnreadView(APIView):
    permission_classes = (SignedIn,)

    @extend_schema(responses=UnreadOutput, summary="How much is not read", tags=["notifications"])
    def get(self, request: Request) -> HttpResponse:
        """How many notifications you have not read, of all kinds that you are shown; counted up to 99, among the newest 200."""
        return Answer(unread_json(selectors.unread(recipient_id=viewer_of(request).id)))


class ReadView(APIView):
    permission_classes = (SignedIn,)

    @extend_schema(
        request=MarkInput,
        responses=UnreadOutput,
        summary="Mark notifications as read",
        tags=["notifications"],
    )
    def post(self, request: Request) -> HttpResponse:
        """Count everything up to a notification as read, or all there is; what was read stays read. Answers what is left."""
        body = MarkInput(data=request.data)
        body.is_valid(raise_exception=True)
        recipient_id = viewer_of(request).id
        marking.mark_read(user_id=recipient_id, **body.validated_data)
        return Answer(unread_json(selectors.unread(recipient_id=recipient_id)))


class PreferencesView(APIView):
    permission_classes = (SignedIn,)

    @extend_schema(responses=PreferencesOutput, summary="What you want to be told of", tags=["notifications"])
    def get(self, request: Request) -> HttpResponse:
        """What you are told of, where, and whether you get a digest by mail."""
        return Answer(preferences_json(preferences.preferences_of(user_id=viewer_of(request).id)))

    @extend_schema(
        request=PreferencesInput,
        responses=PreferencesOutput,
        summary="Choose what you are told of",
        tags=["notifications"],
    )
    def patch(self, request: Request) -> HttpResponse:
        """Change what you give; the rest stays. What happens while a kind is off in the app is not told later either."""
        body = PreferencesInput(data=request.data)
        body.is_valid(raise_exception=True)
        ways: dict[str, Any] = dict(body.validated_data)
        digest = ways.pop("digest", None)
        changed = preferences.change_preferences(user_id=viewer_of(request).id, ways=ways, digest=digest)
        return Answer(preferences_json(changed))


def _kinds(request: Request) -> list[str]:
    given = request.query_params.getlist("kinds")
    if not given:
        return [kind.value for kind in Kind]
    if len(given) > 1:
        raise ValidationError({"kinds": ["Give it once, with commas in between."]})
    query = KindsInput(data={"kinds": given[0].split(",")[: len(Kind) + 1]})
    query.is_valid(raise_exception=True)
    kinds: list[str] = query.validated_data["kinds"]
    return kinds
