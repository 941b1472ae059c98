from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts import blocking, selectors, services
from accounts.api.permissions import Public, SignedIn
from accounts.api.presenting import user_version, users_json
from accounts.api.serializers import RelationshipOutput, UserOutput, relationship_json
from accounts.models import User
from puppies.api.conditional import IF_NONE_MATCH, conditional, version_of
from puppies.api.json import Answer
from puppies.errors import NotFound
from puppies.viewer import viewer_of


class UserViewSet(ViewSet):
    lookup_field = "username"
    lookup_value_regex = "[^/]+"

    @extend_schema(
        parameters=[IF_NONE_MATCH],
        responses={200: UserOutput, 304: None},
        summary="A profile",
        tags=["users"],
    )
    def retrieve(self, request: Request, username: str) -> HttpResponse:
        """The account with this username, with exact counts."""
        user = user_or_404(request, username)
        (profile,) = users_json([user], viewer_id=viewer_of(request).id)
        return conditional(request, profile, version=version_of(*user_version(user)))

    @extend_schema(request=None, responses=RelationshipOutput, summary="Follow", tags=["users"])
    def follow(self, request: Request, username: str) -> HttpResponse:
        """Follow this account; doing it again changes nothing. 409 `cannot_follow_oneself` or `too_many_follows`."""
        user = user_or_404(request, username)
        services.follow_user(follower_id=viewer_of(request).id, followee_id=user.id)
        return _relationship(request, user)

    @extend_schema(responses={204: None}, summary="Unfollow", tags=["users"])
    def unfollow(self, request: Request, username: str) -> HttpResponse:
        """Stop following this account; 204 also when it was not followed."""
        user = user_or_404(request, username)
        services.unfollow_user(follower_id=viewer_of(request).id, followee_id=user.id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=RelationshipOutput, summary="Block", tags=["users"])
    def block(self, request: Request, username: str) -> HttpResponse:
        """Block this account: the two no longer see each other, and follows in both directions end. 409 `cannot_block_oneself`."""
        user = _to_block_or_404(request, username)
        blocking.block_user(blocker_id=viewer_of(request).id, blocked_id=user.id)
        return _relationship(request, user)

    @extend_schema(responses={204: None}, summary="Unblock", tags=["users"])
    def unblock(self, request: Request, username: str) -> HttpResponse:
        """Take the block back; 204 also when there was none. Follows that it ended do not return."""
        user = _to_block_or_404(request, username)
        blocking.unblock_user(blocker_id=viewer_of(request).id, blocked_id=user.id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=RelationshipOutput, summary="Mute", tags=["users"])
    def mute(self, request: Request, username: str) -> HttpResponse:
        """Keep this account's posts out of the home feed; it is not told. 409 `cannot_mute_oneself`."""
        user = user_or_404(request, username)
        blocking.mute_user(muter_id=viewer_of(request).id, muted_id=user.id)
        return _relationship(request, user)

    @extend_schema(responses={204: None}, summary="Unmute", tags=["users"])
    def unmute(self, request: Request, username: str) -> HttpResponse:
        """Take the mute back; 204 also when there was none."""
        user = user_or_404(request, username)
        blocking.unmute_user(muter_id=viewer_of(request).id, muted_id=user.id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_permissions(self) -> list[BasePermission]:
        return [Public()] if self.action == "retrieve" else [SignedIn()]


def user_or_404(request: Request, username: str) -> User:
    """The account with this username, if the caller may see it. Raises NotFound."""
    user = selectors.user_by_username(username, viewer_id=viewer_of(request).id)
    if user is None:
        raise NotFound
    return user


def _to_block_or_404(request: Request, username: str) -> User:
    user = selectors.user_to_block(username, viewer_id=viewer_of(request).id)
    if user is None:
        raise NotFound
    return user


def _relationship(request: Request, user: User) -> HttpResponse:
    relationship = selectors.relationship(viewer_id=viewer_of(request).id, user_id=user.id)
    return Answer(relationship_json(relationship))
