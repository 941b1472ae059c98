from django.urls import path

from feeds.api.views import HomeFeedView

urlpatterns = [path("feed", HomeFeedView.as_view(), name="home-feed")]
