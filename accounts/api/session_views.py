from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import sessions
from accounts.api.serializers import TokenOutput
from accounts.api.tokens import NO_STORE, token_pair
from accounts.models import Session
from puppies.api.addresses import id_of, id_or_404
from puppies.api.json import Answer
from puppies.api.pagination import LIMIT_AND_CURSOR, NEXT, POLL, paginate
from puppies.api.serializers import IdText, Input, Text
from puppies.viewer import viewer_of

SESSION_ID = id_of("session")


class RefreshInput(Input):
    refresh = Text(max_length=256)


class SessionOutput(serializers.Serializer[Any]):
    id = IdText()
    device = serializers.CharField(help_text="What the client called itself when it signed in.")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(help_text="When it was last given a pair of tokens.")
    expires_at = serializers.DateTimeField(help_text="When it ends, used or not.")
    current = serializers.BooleanField(help_text="Whether this very request came from it.")


class SessionPageOutput(serializers.Serializer[Any]):
    results = SessionOutput(many=True)
    next = serializers.URLField(allow_null=True, help_text=NEXT)
    previous = serializers.URLField(help_text=POLL)


class RefreshView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=RefreshInput, responses=TokenOutput, summary="Continue a session", tags=["auth"])
    def post(self, request: Request) -> HttpResponse:
        """Exchange a refresh token for a new pair. A token is good once.

        Sending it again within 10 seconds, before the new one was used, answers the same pair: a lost answer can be retried. Any other
        reuse ends the session: 401 `refresh_token_reused`. Otherwise 401 `invalid_refresh_token`.
        """
        body = RefreshInput(data=request.data)
        body.is_valid(raise_exception=True)
        return Answer(token_pair(sessions.refresh_session(**body.validated_data)), headers=NO_STORE)


class RevokeView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=RefreshInput, responses={204: None}, summary="Sign out", tags=["auth"])
    def post(self, request: Request) -> HttpResponse:
        """End the session of this refresh token; its access token stops working at once. 204 also for an unknown token."""
        body = RefreshInput(data=request.data)
        body.is_valid(raise_exception=True)
        sessions.revoke_refresh_token(**body.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SessionsView(APIView):
    @extend_schema(
        operation_id="auth_sessions_list",
        parameters=LIMIT_AND_CURSOR,
        responses=SessionPageOutput,
        summary="Your sessions",
        tags=["auth"],
    )
    def get(self, request: Request) -> HttpResponse:
        """The devices that are signed in to your account, newest first."""
        viewer = viewer_of(request)
        page, links = paginate(
            request,
            scope=f"sessions:{viewer.id}",
            fetch=lambda window: sessions.open_sessions(user_id=viewer.id, place=window),
            key=lambda session: session.id,
        )
        return Answer({"results": [session_json(session, viewer.session_id) for session in page], **links})


class SessionView(APIView):
    @extend_schema(parameters=[SESSION_ID], responses={204: None}, summary="Sign a device out", tags=["auth"])
    def delete(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the contract's name
        """End one of your sessions; its tokens stop working at once."""
        sessions.end_session(session_id=id_or_404(id), user_id=viewer_of(request).id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def session_json(session: Session, current_id: int) -> dict[str, Any]:
    """A session as `SessionOutput` describes it."""
    return {
        "id": str(session.id),
        "device": session.device,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
        "current": session.id == current_id,
    }
