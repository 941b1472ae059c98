from django.urls import path

from interactions.api.views import LikeViewSet

urlpatterns = [
    path(
        "posts/<str:id>/likes",
        LikeViewSet.as_view({"get": "list", "post": "create", "delete": "destroy"}),
        name="post-likes",
    ),
]
