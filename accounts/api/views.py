from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from accounts import selectors, services
from accounts.api.serializers import (
    RegisterInput,
    RegisterOutput,
    RelationshipOutput,
    TokenInput,
    TokenOutput,
    UserOutput,
    relationship_json,
    user_json,
)
from accounts.api.tokens import token_pair
from accounts.models import User
from accounts.selectors import Counts, Relationship
from puppies.errors import NotFound
from puppies.viewer import viewer_of


class RegisterView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=RegisterInput, responses={201: RegisterOutput}, summary="Register", tags=["auth"])
    def post(self, request: Request) -> Response:
        """Create an account and sign in. The username is kept in lower case.

        409 `username_taken` or `email_taken`; 400 `weak_password`.
        """
        body = RegisterInput(data=request.data)
        body.is_valid(raise_exception=True)
        user = services.register_user(**body.validated_data)
        session = services.open_session(user=user, device=request.headers.get("User-Agent", ""))
        profile = user_json(user, Counts(0, 0, 0), Relationship(following=False, followed_by=False))
        return Response({"user": profile, **token_pair(session)}, status=status.HTTP_201_CREATED)


class TokenView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=TokenInput, responses=TokenOutput, summary="Sign in", tags=["auth"])
    def post(self, request: Request) -> Response:
        """Exchange a username (or e-mail address) and password for an access token. 401 `wrong_credentials`."""
        body = TokenInput(data=request.data)
        body.is_valid(raise_exception=True)
        user = services.authenticate_user(**body.validated_data)
        session = services.open_session(user=user, device=request.headers.get("User-Agent", ""))
        return Response(token_pair(session))


class UserViewSet(ViewSet):
    lookup_field = "username"
    lookup_value_regex = "[^/]+"

    @extend_schema(responses=UserOutput, summary="A profile", tags=["users"])
    def retrieve(self, request: Request, username: str) -> Response:
        """The account with this username, with exact counts."""
        user = _user_or_404(username)
        relationship = selectors.relationship(viewer_id=viewer_of(request).id, user_id=user.id)
        return Response(user_json(user, selectors.counts_of(user_id=user.id), relationship))

    @extend_schema(request=None, responses=RelationshipOutput, summary="Follow", tags=["users"])
    def follow(self, request: Request, username: str) -> Response:
        """Follow this account; doing it again changes nothing. 409 `cannot_follow_oneself`."""
        user = _user_or_404(username)
        services.follow_user(follower_id=viewer_of(request).id, followee_id=user.id)
        relationship = selectors.relationship(viewer_id=viewer_of(request).id, user_id=user.id)
        return Response(relationship_json(relationship))

    @extend_schema(responses={204: None}, summary="Unfollow", tags=["users"])
    def unfollow(self, request: Request, username: str) -> Response:
        """Stop following this account; 204 also when it was not followed."""
        user = _user_or_404(username)
        services.unfollow_user(follower_id=viewer_of(request).id, followee_id=user.id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_permissions(self) -> list[AllowAny | IsAuthenticated]:
        return [AllowAny()] if self.action == "retrieve" else [IsAuthenticated()]


def _user_or_404(username: str) -> User:
    user = selectors.user_by_username(username)
    if user is None:
        raise NotFound
    return user
