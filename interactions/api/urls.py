from django.urls import path

from interactions.api.comment_views import CommentViewSet
from interactions.api.views import LikeViewSet

urlpatterns = [
    path(
        "posts/<str:id>/likes",
        LikeViewSet.as_view({"post": "create", "delete": "destroy"}),
        name="post-likes",
    ),
    path(
        "posts/<str:id>/comments",
        CommentViewSet.as_view({"post": "create", "get": "page"}),
        name="post-comments",
    ),
    path(
        "comments/<str:id>",
        CommentViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="comment",
    ),
    path(
        "comments/<str:id>/hide",
        CommentViewSet.as_view({"post": "hide", "delete": "unhide"}),
        name="comment-hide",
    ),
]
