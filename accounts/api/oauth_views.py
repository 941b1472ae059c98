from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.oauth_inputs import OAuthInput, ProofInput
from accounts.api.serializers import TokenOutput
from accounts.api.tokens import NO_STORE, device_of, token_pair
from accounts.oidc.identities import ways_in
from accounts.oidc.linking import link_identity, unlink_identity
from accounts.oidc.proofs import proven_identity
from accounts.oidc.providers import provider_named
from accounts.oidc.signing_in import sign_in_with
from puppies.api.json import Answer
from puppies.viewer import viewer_of

PROVIDER = OpenApiParameter(
    "provider", str, OpenApiParameter.PATH, enum=["google", "apple"], description="The identity provider."
)


class IdentityOutput(serializers.Serializer[Any]):
    provider = serializers.CharField()
    linked_at = serializers.DateTimeField()


class WaysInOutput(serializers.Serializer[Any]):
    identities = IdentityOutput(many=True, help_text="The oldest first.")
    has_password = serializers.BooleanField(help_text="Whether the account can be signed in to by password.")


class OAuthView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[PROVIDER],
        request=OAuthInput,
        responses={200: TokenOutput, 201: TokenOutput},
        summary="Sign in with Google or Apple",
        tags=["auth"],
    )
    def post(self, request: Request, provider: str) -> HttpResponse:
        """Exchange a fresh identity token, or an authorization code with PKCE, for a pair of tokens; 201 when the account is new.

        401 `invalid_identity_token` with the rule that it breaks, `nonce_reused`, `authorization_code_refused`, `email_missing` or
        `account_not_active`; 400 `redirect_uri_not_allowed`; 404 `provider_off` where it is not set up; 503 `provider_unavailable`.
        When an account has the address: 409 `link_required`, after which the same identity token is still good for linking.
        Brings an account back whose deletion has been asked for.
        """
        body = OAuthInput(data=request.data, context={"provider": provider})
        body.is_valid(raise_exception=True)
        identity = proven_identity(provider_named(provider), body.proof)
        grant, is_new = sign_in_with(identity, name=body.name, device=device_of(request))
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Answer(token_pair(grant), status=code, headers=NO_STORE)


class OAuthLinkView(APIView):
    @extend_schema(
        parameters=[PROVIDER],
        request=ProofInput,
        responses={204: None},
        summary="Link Google or Apple",
        tags=["auth"],
    )
    def post(self, request: Request, provider: str) -> HttpResponse:
        """Let this identity sign in to your account. Doing it again, with a fresh proof, changes nothing.

        401 `invalid_identity_token`, `nonce_reused` or `authorization_code_refused`, and `unauthenticated` also when the session ends
        meanwhile; 400 `redirect_uri_not_allowed`; 404 `provider_off`; 409 `identity_taken`, or `provider_linked` when another identity of
        this provider is linked; 503 `provider_unavailable`.
        """
        body = ProofInput(data=request.data)
        body.is_valid(raise_exception=True)
        identity = proven_identity(provider_named(provider), body.proof)
        viewer = viewer_of(request)
        link_identity(identity, user_id=viewer.id, session_id=viewer.session_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        parameters=[PROVIDER], responses={204: None}, summary="Unlink Google or Apple", tags=["auth"]
    )
    def delete(self, request: Request, provider: str) -> HttpResponse:
        """Let the provider's identity sign in no more; every other session ends. 409 `last_way_in` when nothing else signs in."""
        viewer = viewer_of(request)
        unlink_identity(user_id=viewer.id, session_id=viewer.session_id, provider=provider)
        return Response(status=status.HTTP_204_NO_CONTENT)


class IdentitiesView(APIView):
    @extend_schema(responses=WaysInOutput, summary="Your ways to sign in", tags=["auth"])
    def get(self, request: Request) -> HttpResponse:
        """The identities that are linked to your account, and whether it has a password."""
        ways = ways_in(user_id=viewer_of(request).id)
        identities = [{"provider": row.provider, "linked_at": row.created} for row in ways.identities]
        return Answer({"identities": identities, "has_password": ways.has_password})
