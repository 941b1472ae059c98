from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.bench.peers import floor, textbook


def readyz(request: HttpRequest) -> HttpResponse:
    """Answer, so that the laboratory knows the server is there."""
    return HttpResponse()


urlpatterns = [
    path("readyz", readyz),
    path("floor", floor.home_feed),
    path("textbook", textbook.HomeFeed.as_view()),
]
