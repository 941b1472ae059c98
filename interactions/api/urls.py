from django.urls import path

from interactions.api.comment_views import CommentViewSet
from interactions.api.notification_views import NotificationsView, PreferencesView, ReadView, UnreadView
from interactions.api.views import LikeViewSet

urlpatterns = [
    path(
        "posts/<str:id>/likes",
        LikeViewSet.as_view({"get": "page", "post": "create", "delete": "destroy"}),
        name="post-likes",
    ),
    path("notifications", NotificationsView.as_view(), name="notifications"),
    path("notifications/unread_count", UnreadView.as_view(), name="notifications-unread"),
    path("notifications/read", ReadView.as_view(), name="notifications-read"),
    path("notifications/preferences", PreferencesView.as_view(), name="notifications-preferences"),
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
