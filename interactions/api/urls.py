from django.urls import path

from interactions.api.notification_views import NotificationsView, PreferencesView, ReadView, UnreadView
from interactions.api.views import LikeViewSet

urlpatterns = [
    path(
        "posts/<str:id>/likes",
        LikeViewSet.as_view({"get": "list", "post": "create", "delete": "destroy"}),
        name="post-likes",
    ),
    path("notifications", NotificationsView.as_view(), name="notifications"),
    path("notifications/unread_count", UnreadView.as_view(), name="notifications-unread"),
    path("notifications/read", ReadView.as_view(), name="notifications-read"),
    path("notifications/preferences", PreferencesView.as_view(), name="notifications-preferences"),
]
