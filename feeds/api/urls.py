from django.urls import path

from feeds.api.popular_views import PopularFeedView
from feeds.api.views import HomeFeedView

urlpatterns = [
    path("feed", HomeFeedView.as_view(), name="home-feed"),
    path("feed/popular", PopularFeedView.as_view(), name="popular-feed"),
]
