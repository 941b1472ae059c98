from django.urls import path

from feeds.api.popular_views import PopularFeedView
from feeds.api.views import HomeFeedView

urlpatterns = [
    path("v1/feed", HomeFeedView.as_view(), name="home-feed"),
    path("v1/feed/popular", PopularFeedView.as_view(), name="popular-feed"),
]
