from typing import Any

from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import deletion, export, profiles
from accounts.api.permissions import SignedIn
from accounts.api.presenting import me_json, user_version
from accounts.api.serializers import DeletionOutput, ExportOutput, MeOutput, ProfileInput
from accounts.models import Export, User
from puppies.api.conditional import (
    IF_MATCH,
    IF_NONE_MATCH,
    conditional,
    entity_tag,
    refuse_other_version,
    version_of,
)
from puppies.api.json import Answer
from puppies.errors import NotFound
from puppies.viewer import viewer_of


class MeView(APIView):
    permission_classes = (SignedIn,)

    @extend_schema(
        parameters=[IF_NONE_MATCH],
        responses={200: MeOutput, 304: None},
        summary="Your own profile",
        tags=["users"],
    )
    def get(self, request: Request) -> HttpResponse:
        """Your own account: the profile that others see, your e-mail address and your roles."""
        user = User.objects.get(id=viewer_of(request).id)
        return conditional(request, me_json(user), version=version_of(*user_version(user)))

    @extend_schema(
        parameters=[IF_MATCH],
        request=ProfileInput,
        responses=MeOutput,
        summary="Change your profile",
        tags=["users"],
    )
    @transaction.atomic
    def patch(self, request: Request) -> HttpResponse:
        """Change what you give; the rest stays. 412 `precondition_failed`."""
        body = ProfileInput(data=request.data)
        body.is_valid(raise_exception=True)

        def allow(user: User) -> None:
            refuse_other_version(request, version=version_of(*user_version(user)))

        user = profiles.update_profile(user_id=viewer_of(request).id, allow=allow, **body.validated_data)
        profile = me_json(user)
        tag = entity_tag(profile, version=version_of(*user_version(user)))
        return Answer(profile, headers={"ETag": tag})

    @extend_schema(responses={202: DeletionOutput}, summary="Delete your account", tags=["users"])
    def delete(self, request: Request) -> HttpResponse:
        """Delete your account: it disappears and is signed out everywhere at once, and is erased after 30 days.

        Signing in before that brings it back as it was.
        """
        delete_after = deletion.request_deletion(user_id=viewer_of(request).id)
        return Answer({"delete_after": delete_after}, status=status.HTTP_202_ACCEPTED)


class ExportView(APIView):
    permission_classes = (SignedIn,)

    @extend_schema(
        request=None,
        responses={200: ExportOutput, 202: ExportOutput},
        summary="Ask for your data",
        tags=["users"],
    )
    def post(self, request: Request) -> HttpResponse:
        """Ask for an archive (a zip of JSON files) of everything your account has.

        202 when it is begun, 200 when one is under way already.
        """
        asked, is_new = export.request_export(user_id=viewer_of(request).id)
        return Answer(_export_json(asked), status=202 if is_new else 200)

    @extend_schema(
        responses=ExportOutput,
        summary="Your data",
        tags=["users"],
    )
    def get(self, request: Request) -> HttpResponse:
        """How far your newest archive is; when it is ready, with an address that is good for ten minutes. 404 `not_found`."""
        newest = export.latest_export(user_id=viewer_of(request).id)
        if newest is None:
            raise NotFound
        return Answer(_export_json(newest))


def _export_json(row: Export) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "state": row.state,
        "progress": export.progress(row),
        "size": row.size or None,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "url": export.signed_url(row),
    }
