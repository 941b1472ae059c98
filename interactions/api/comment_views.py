from collections.abc import Sequence

from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.permissions import Public, SignedIn
from interactions.api.comment_serializers import (
    CommentChangeInput,
    CommentInput,
    CommentOutput,
    CommentPageOutput,
    comment_json,
)
from interactions.api.views import LIST_MS, POST_ID
from interactions.comments import selectors, services
from interactions.comments.selectors import ShownComment
from interactions.models import Comment
from puppies.api.addresses import id_of, id_or_404
from puppies.api.conditional import (
    IF_MATCH,
    IF_NONE_MATCH,
    conditional,
    refuse_other_version,
    version_of,
)
from puppies.api.creating import LOCATION, TextViewSet, text_tag, text_version
from puppies.api.idempotency import IDEMPOTENCY_KEY, idempotent
from puppies.api.json import Answer
from puppies.api.pagination import LIMIT_AND_CURSOR
from puppies.api.pairs import PairWindow, paginate_pairs
from puppies.deadline import deadline
from puppies.errors import NotFound
from puppies.viewer import viewer_of

COMMENT_ID = id_of("comment")
PUBLIC_ACTIONS = ("page", "retrieve")


class CommentViewSet(TextViewSet):
    address = "/v1/comments"

    @extend_schema(
        operation_id="posts_comments_create",
        parameters=[POST_ID, IDEMPOTENCY_KEY, LOCATION],
        request=CommentInput,
        responses={201: CommentOutput},
        summary="Comment on a post",
        tags=["comments"],
    )
    @idempotent
    @transaction.atomic
    def create(self, request: Request, id: str) -> Answer:  # noqa: A002 - the contract's name
        """Comment on the post, or with `parent_id` reply to a comment of it that you can see and that is not hidden.

        The post's author, the one replied to, and the first ten accounts mentioned as `@username` are notified, each once; by a later
        change of the text nobody is.

        409 `idempotency_key_in_use` or `unknown_parent`; 422 `idempotency_key_reused`.
        """
        body = CommentInput(data=request.data)
        body.is_valid(raise_exception=True)
        viewer_id = viewer_of(request).id
        comment_id = services.publish_comment(
            author_id=viewer_id, post_id=id_or_404(id), **body.validated_data
        )
        return Answer(comment_json(_shown_or_404(comment_id, viewer_id)), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="posts_comments_list",
        parameters=[POST_ID, *LIMIT_AND_CURSOR],
        responses=CommentPageOutput,
        summary="Comments on a post",
        tags=["comments"],
    )
    def page(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the contract's name
        """Comments on this post, the oldest first: each thread's first comment, then all replies of the thread.

        Left out is what the caller may not see: hidden comments, comments across a block (in either direction) and of accounts that are
        not active. Where such a comment, or a deleted one, began a thread with replies, it is listed as `unavailable`. Comments of
        accounts that the caller mutes are shown. New replies stand among their threads: ask for the page again to see them.

        A page may be shorter than `limit`, even empty, while `next`, or on the way back `previous`, is not null: go on there. A thread's
        first comment that the caller may not see is listed for the sake of its oldest 100 replies alone.
        """
        post_id, viewer_id = id_or_404(id), viewer_of(request).id

        def fetch(window: PairWindow) -> Sequence[ShownComment]:
            found = selectors.comments_of(post_id=post_id, viewer_id=viewer_id, window=window)
            if found is None:
                raise NotFound
            return found

        scope = f"comments:{post_id}:{viewer_id}"
        with deadline(LIST_MS):
            comments, links = paginate_pairs(
                request, scope=scope, fetch=fetch, key=lambda comment: comment.place
            )
        return Answer({"results": [comment_json(comment) for comment in comments], **links})

    @extend_schema(
        parameters=[COMMENT_ID, IF_NONE_MATCH],
        responses={200: CommentOutput, 304: None},
        summary="A comment",
        tags=["comments"],
    )
    def retrieve(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the contract's name
        """One comment. 404 `not_found` also for a deleted one whose place in its thread is still listed."""
        comment = comment_json(_shown_or_404(id_or_404(id), viewer_of(request).id))
        return conditional(request, comment, version=text_version(comment))

    @extend_schema(
        parameters=[COMMENT_ID, IF_MATCH],
        request=CommentChangeInput,
        responses=CommentOutput,
        summary="Change a comment",
        tags=["comments"],
    )
    @transaction.atomic
    def partial_update(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the contract's name
        """Change the text of your comment; `edited_at` tells when.

        403 `not_the_author` or `removed_by_moderator`; 412 `precondition_failed`.
        """
        body = CommentChangeInput(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        comment_id, viewer_id = id_or_404(id), viewer_of(request).id

        def allow(comment: Comment) -> None:
            refuse_other_version(request, version=version_of(comment.content, comment.edited_at))

        services.edit_comment(user_id=viewer_id, comment_id=comment_id, allow=allow, **body.validated_data)
        changed = comment_json(_shown_or_404(comment_id, viewer_id))
        return Answer(changed, headers={"ETag": text_tag(changed)})

    @extend_schema(
        parameters=[COMMENT_ID], responses={204: None}, summary="Delete a comment", tags=["comments"]
    )
    def destroy(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the contract's name
        """Delete your comment for good, also where you do not see it any more; replies to it stay. 403 `not_the_author`.

        Under your own post you can hide others' comments.
        """
        services.delete_comment(user_id=viewer_of(request).id, comment_id=id_or_404(id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="comments_hide",
        parameters=[COMMENT_ID],
        request=None,
        responses=CommentOutput,
        summary="Hide a comment",
        tags=["comments"],
    )
    def hide(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the contract's name
        """Hide a comment under your own post: only you, whoever wrote it and moderators still see it, and it is not counted.

        Doing it again changes nothing; replies to it stay. Also across a block, behind which others read on: there the answer to this
        alone shows you the comment. 403 `not_the_posts_author`.
        """
        comment_id, viewer_id = id_or_404(id), viewer_of(request).id
        services.hide_comment(user_id=viewer_id, comment_id=comment_id)
        comment = selectors.governed_comment(comment_id=comment_id, post_author_id=viewer_id)
        return Answer(comment_json(_found_or_404(comment)))

    @extend_schema(
        operation_id="comments_unhide",
        parameters=[COMMENT_ID],
        responses={204: None},
        summary="Show a comment again",
        tags=["comments"],
    )
    def unhide(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the contract's name
        """Show a comment again that you hid; 204 also when it was not hidden. 403 `not_the_posts_author` or `removed_by_moderator`."""
        services.unhide_comment(user_id=viewer_of(request).id, comment_id=id_or_404(id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_permissions(self) -> list[BasePermission]:
        return [Public()] if self.action in PUBLIC_ACTIONS else [SignedIn()]


def _shown_or_404(comment_id: int, viewer_id: int) -> ShownComment:
    return _found_or_404(selectors.shown_comment(comment_id=comment_id, viewer_id=viewer_id))


def _found_or_404(comment: ShownComment | None) -> ShownComment:
    if comment is None:
        raise NotFound
    return comment
