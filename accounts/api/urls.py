from django.urls import path

from accounts.api.list_views import BlocksView, FollowersView, FollowingView, MutesView, SearchView
from accounts.api.me_views import ExportView, MeView
from accounts.api.user_views import UserViewSet
from accounts.api.views import RegisterView, TokenView

urlpatterns = [
    path("auth/register", RegisterView.as_view(), name="register"),
    path("auth/token", TokenView.as_view(), name="token"),
    path("users", SearchView.as_view(), name="users"),
    path("users/me", MeView.as_view(), name="me"),
    path("users/me/export", ExportView.as_view(), name="me-export"),
    path("users/me/blocks", BlocksView.as_view(), name="me-blocks"),
    path("users/me/mutes", MutesView.as_view(), name="me-mutes"),
    path("users/<str:username>", UserViewSet.as_view({"get": "retrieve"}), name="user"),
    path("users/<str:username>/followers", FollowersView.as_view(), name="user-followers"),
    path("users/<str:username>/following", FollowingView.as_view(), name="user-following"),
    path(
        "users/<str:username>/follow",
        UserViewSet.as_view({"post": "follow", "delete": "unfollow"}),
        name="user-follow",
    ),
    path(
        "users/<str:username>/block",
        UserViewSet.as_view({"post": "block", "delete": "unblock"}),
        name="user-block",
    ),
    path(
        "users/<str:username>/mute",
        UserViewSet.as_view({"post": "mute", "delete": "unmute"}),
        name="user-mute",
    ),
]
