from django.urls import path

from posts.api.views import PostViewSet, ProfilePostsView

urlpatterns = [
    path("posts", PostViewSet.as_view({"post": "create"}), name="posts"),
    path("posts/<str:id>", PostViewSet.as_view({"get": "retrieve"}), name="post"),
    path("users/<str:username>/posts", ProfilePostsView.as_view(), name="user-posts"),
]
