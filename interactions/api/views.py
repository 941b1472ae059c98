from collections.abc import Sequence

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from accounts.api.permissions import Public, SignedIn
from accounts.api.presenting import users_json
from accounts.api.serializers import UserPageOutput
from interactions import selectors, services
from interactions.api.serializers import LikeOutput
from posts.selectors import is_visible
from puppies.api.addresses import id_of, id_or_404
from puppies.api.json import Answer
from puppies.api.pagination import LIMIT_AND_CURSOR, paginate
from puppies.deadline import deadline
from puppies.errors import NotFound
from puppies.viewer import viewer_of

# A list that everybody may ask for holds its connection no longer.
LIST_MS = 1_000
POST_ID = id_of("post")


class LikeViewSet(ViewSet):
    @extend_schema(
        operation_id="posts_likes_list",
        parameters=[POST_ID, *LIMIT_AND_CURSOR],
        responses=UserPageOutput,
        summary="Who likes a post",
        tags=["interactions"],
    )
    def page(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the contract's name
        """Accounts that like the post, the newest like first, but for accounts that you may not see: `like_count` counts these too.

        A page may be shorter than `limit`, even empty, while `next` is not null: go on there.
        """
        with deadline(LIST_MS):
            return self._page(request, id_or_404(id))

    def _page(self, request: Request, post_id: int) -> HttpResponse:
        viewer_id = viewer_of(request).id
        if not is_visible(post_id=post_id, viewer_id=viewer_id):
            raise NotFound
        rows, links = paginate(
            request,
            scope=f"likers:{post_id}:{viewer_id}",
            fetch=lambda window: selectors.likers(post_id=post_id, viewer_id=viewer_id, place=window),
            key=lambda row: row[0],
        )
        return Answer({"results": users_json([user for _, user in rows], viewer_id=viewer_id), **links})

    def get_permissions(self) -> Sequence[BasePermission]:
        return [Public()] if self.action == "page" else [SignedIn()]

    @extend_schema(
        parameters=[POST_ID],
        request=None,
        responses={200: LikeOutput, 201: LikeOutput},
        summary="Like a post",
        tags=["interactions"],
    )
    def create(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the contract's name
        """Like the post: 201 the first time, 200 after; the count includes this like."""
        post_id = id_or_404(id)
        done = services.like_post(user_id=viewer_of(request).id, post_id=post_id)
        answer = {"liked": True, "like_count": done.like_count}
        return Answer(answer, status=status.HTTP_201_CREATED if done.is_changed else status.HTTP_200_OK)

    @extend_schema(
        parameters=[POST_ID], responses={200: LikeOutput}, summary="Unlike a post", tags=["interactions"]
    )
    def destroy(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the contract's name
        """Take the like back, also of a post that you do not see any more; 200 also when there was none."""
        post_id = id_or_404(id)
        done = services.unlike_post(user_id=viewer_of(request).id, post_id=post_id)
        return Answer({"liked": False, "like_count": done.like_count})
