from typing import Any

from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.permissions import Public, SignedIn
from accounts.api.user_views import user_or_404
from interactions.selectors import liked_post_ids
from posts import selectors, services
from posts.api.serializers import PostInput, PostOutput, PostPageOutput, post_json
from posts.selectors import DisplayedPost
from puppies.api.addresses import id_of, id_or_404
from puppies.api.conditional import IF_NONE_MATCH, conditional
from puppies.api.creating import LOCATION, TextViewSet, text_version
from puppies.api.idempotency import IDEMPOTENCY_KEY, idempotent
from puppies.api.json import Answer
from puppies.api.pagination import LIMIT_AND_CURSOR, paginate
from puppies.errors import NotFound
from puppies.viewer import viewer_of

POST_ID = id_of("post")


class PostViewSet(TextViewSet):
    address = "/v1/posts"

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=PostInput,
        responses={201: PostOutput},
        summary="Publish a post",
        tags=["posts"],
    )
    @idempotent
    @transaction.atomic
    def create(self, request: Request) -> Answer:
        """Publish a text post. Followers see it from the moment of this answer.

        `@username` mentions an account: the first ten that may see the post are notified.

        409 `idempotency_key_in_use`; 422 `idempotency_key_reused`.
        """
        body = PostInput(data=request.data)
        body.is_valid(raise_exception=True)
        published = services.publish_post(author_id=viewer_of(request).id, **body.validated_data)
        return Answer(_shown_or_404(published.id, request), status=status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[POST_ID, IF_NONE_MATCH],
        responses={200: PostOutput, 304: None},
        summary="A post",
        tags=["posts"],
    )
    def retrieve(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the contract's name
        """One post with exact counts."""
        post = _shown_or_404(id_or_404(id), request)
        return conditional(request, post, version=text_version(post))

    def get_permissions(self) -> list[BasePermission]:
        return [Public()] if self.action == "retrieve" else [SignedIn()]


class ProfilePostsView(APIView):
    permission_classes = (Public,)

    @extend_schema(
        operation_id="users_posts_list",
        parameters=LIMIT_AND_CURSOR,
        responses=PostPageOutput,
        summary="Posts of an account",
        tags=["users"],
    )
    def get(self, request: Request, username: str) -> HttpResponse:
        """Posts of this account, newest first."""
        author = user_or_404(request, username)
        posts, links = paginate(
            request,
            scope=f"profile-posts:{author.id}",
            fetch=lambda window: selectors.profile_posts(author_id=author.id, place=window),
            key=lambda post: post.feed_id,
        )
        return Answer({"results": _as_json(posts, viewer_of(request).id), **links})


def _shown_or_404(post_id: int, request: Request) -> dict[str, Any]:
    viewer_id = viewer_of(request).id
    post = selectors.displayed_post(post_id=post_id, viewer_id=viewer_id)
    if post is None:
        raise NotFound
    return _as_json([post], viewer_id)[0]


def _as_json(posts: list[DisplayedPost], viewer_id: int) -> list[dict[str, Any]]:
    liked = liked_post_ids(viewer_id=viewer_id, post_ids=[post.id for post in posts])
    return [post_json(post, liked=post.id in liked) for post in posts]
