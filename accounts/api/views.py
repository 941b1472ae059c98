from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services
from accounts.api.serializers import (
    RegisterInput,
    RegisterOutput,
    TokenInput,
    TokenOutput,
    user_json,
)
from accounts.api.tokens import token_pair
from accounts.selectors import Counts, Relationship


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
