from django.urls import path

from accounts.api.views import RegisterView, TokenView, UserViewSet

urlpatterns = [
    path("auth/register", RegisterView.as_view(), name="register"),
    path("auth/token", TokenView.as_view(), name="token"),
    path("users/<str:username>", UserViewSet.as_view({"get": "retrieve"}), name="user"),
    path(
        "users/<str:username>/follow",
        UserViewSet.as_view({"post": "follow", "delete": "unfollow"}),
        name="user-follow",
    ),
]
