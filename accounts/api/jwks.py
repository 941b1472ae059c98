from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import keys
from puppies.api.json import Answer

# What rotate_keys --announce must exceed for gateways that keep what they were told.
MAX_AGE_SECONDS = 60


class JwkOutput(serializers.Serializer[Any]):
    kid = serializers.CharField()
    kty = serializers.CharField()
    use = serializers.CharField()
    alg = serializers.CharField()
    n = serializers.CharField()
    e = serializers.CharField()


class JwksOutput(serializers.Serializer[Any]):
    keys = JwkOutput(many=True)


class JwksView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="jwks_retrieve", responses=JwksOutput, summary="Public keys", tags=["auth"])
    def get(self, request: Request) -> HttpResponse:
        """The keys that verify access tokens now, for gateways (RFC 7517). Whether a session still stands, only the API knows."""
        public = [key.jwk for key in keys.ring().verifying()]
        return Answer({"keys": public}, headers={"Cache-Control": f"public, max-age={MAX_AGE_SECONDS}"})
