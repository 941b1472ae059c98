from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import services
from accounts.api.serializers import (
    RegisterInput,
    RegisterOutput,
    TokenInput,
    TokenOutput,
    user_json,
)
from accounts.api.tokens import NO_STORE, device_of, token_pair
from accounts.selectors import Counts, Relationship
from accounts.sessions import open_session
from puppies.api.json import Answer


class RegisterView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=RegisterInput, responses={201: RegisterOutput}, summary="Register", tags=["auth"])
    @transaction.atomic
    def post(self, request: Request) -> HttpResponse:
        """Create an account and sign in; a mail verifies the address. The username is kept in lower case.

        409 `username_taken`, also by a name that looks the same, `username_reserved` or `email_taken`; 400 `weak_password`.
        """
        body = RegisterInput(data=request.data)
        body.is_valid(raise_exception=True)
        user = services.register_user(**body.validated_data)
        grant = open_session(user=user, device=device_of(request), method="registration")
        profile = user_json(user, Counts(0, 0, 0), Relationship(following=False, followed_by=False))
        answer = {"user": profile, **token_pair(grant)}
        return Answer(answer, status=status.HTTP_201_CREATED, headers=NO_STORE)


class TokenView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=TokenInput, responses=TokenOutput, summary="Sign in", tags=["auth"])
    def post(self, request: Request) -> HttpResponse:
        """Exchange a username (or e-mail address) and password for a pair of tokens. 401 `wrong_credentials`.

        Brings an account back whose deletion has been asked for.
        """
        body = TokenInput(data=request.data)
        body.is_valid(raise_exception=True)
        grant = services.sign_in(**body.validated_data, device=device_of(request))
        return Answer(token_pair(grant), headers=NO_STORE)
