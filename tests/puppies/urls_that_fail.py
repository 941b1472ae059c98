"""Addresses whose views fail in every way that a view can, next to the real ones."""

from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as real_urlpatterns
from puppies.errors import DomainError, FieldProblem, Unauthenticated, Unavailable

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


class OutOfBones(DomainError):
    """The bowl is empty."""

    code = "out_of_bones"
    status = 409
    title = "There are no bones left"
    retry_after = 30


class BoneInput(serializers.Serializer[Any]):
    kind = serializers.ListField(child=serializers.IntegerField())


def too_slow() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 20; SELECT pg_sleep(5)")


def fail(how: str) -> None:
    failures: dict[str, Exception] = {
        "bug": ZeroDivisionError("a secret detail"),
        "bad_request": BadRequest("a reason"),
        "suspicious": SuspiciousOperation("a reason"),
        "denied": PermissionDenied("a secret detail"),
        "absent": Http404("a secret detail"),
        "rule": OutOfBones("Rex ate them.", errors=(FieldProblem("/bone", "eaten", "It is gone."),)),
        "signed_out": Unauthenticated(),
        "away": Unavailable(),
        "throttled": exceptions.Throttled(detail="Slowly."),
        "drf_denied": exceptions.PermissionDenied(),
    }
    if how == "slow":
        too_slow()
    if how == "invalid":
        BoneInput(data={"kind": [1, "two"]}).is_valid(raise_exception=True)
    raise failures[how]


def plain(request: HttpRequest, how: str) -> HttpResponse:
    fail(how)
    return HttpResponse()


class Rest(APIView):
    permission_classes = (AllowAny,)

    def get(self, request: Request, how: str) -> Response:
        fail(how)
        return Response()


urlpatterns = [
    path("plain/<str:how>", plain),
    path("v1/rest/<str:how>", Rest.as_view()),
    *real_urlpatterns,
]
