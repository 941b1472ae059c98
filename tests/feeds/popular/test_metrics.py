import pytest
from rest_framework.test import APIClient

from tests.feeds.popular.rankings import make_older, ranked_posts

pytestmark = pytest.mark.django_db
NAME = "puppies_feeds_popular_age_seconds"


def test_the_age_of_the_newest_ranking_is_told(anonymous_client: APIClient) -> None:
    before = anonymous_client.get("/metrics").content.decode()
    ranked_posts(1)
    make_older(seconds=100)

    (line,) = [
        line
        for line in anonymous_client.get("/metrics").content.decode().splitlines()
        if line.startswith(NAME)
    ]

    assert NAME not in before
    assert 100 <= float(line.split()[1]) < 130
