"""Django REST framework by the book: ModelSerializer, CursorPagination, a token whose user is loaded at each request."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import BooleanField, CharField, ModelSerializer
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.models import User
from feeds.models import FeedEntry
from interactions.models import Like
from posts.models import Post


class Author(ModelSerializer[User]):
    """The author of a post."""

    id = CharField()

    class Meta:
        model = User
        fields = ("id", "username", "display_name")


class Item(ModelSerializer[Post]):
    """A post with its author and whether the reader likes it."""

    id = CharField()
    author = Author()
    liked = BooleanField()

    class Meta:
        model = Post
        fields = (
            "id",
            "author",
            "content",
            "like_count",
            "comment_count",
            "created_at",
            "edited_at",
            "liked",
        )


class Page(CursorPagination):
    """Twenty posts, newest first."""

    page_size = 20
    ordering = "-feed_id"


class HomeFeed(ListAPIView[Post]):
    """The posts of the reader's stored feed, three queries' worth in one by `select_related` and `Exists`."""

    authentication_classes = (JWTAuthentication,)
    permission_classes = (IsAuthenticated,)
    renderer_classes = (JSONRenderer,)
    serializer_class = Item
    pagination_class = Page

    def get_queryset(self) -> QuerySet[Post, Any]:
        reader: Any = self.request.user.pk
        stored = FeedEntry.objects.filter(user_id=reader).values("feed_id")
        liked = Like.objects.filter(user_id=reader, post_id=OuterRef("pk"))
        return (
            Post.objects.visible()
            .filter(feed_id__in=stored)
            .select_related("author")
            .annotate(liked=Exists(liked))
        )
