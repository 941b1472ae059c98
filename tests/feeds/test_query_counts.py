"""A page is one statement, however many posts it has, whomever its reader follows, wherever they are found."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Follow, User
from feeds.merging import rebuild_feed
from feeds.models import FeedState
from posts.models import Post
from puppies.ids import next_id
from tests.factories import UserFactory


def publish(author: User, count: int, delivery: str) -> None:
    ids = [next_id() for _ in range(count)]
    Post.objects.bulk_create(
        [Post(id=own, feed_id=own, author=author, content="wuff", delivery=delivery) for own in ids]
    )


def follow(reader: User, count: int, delivery: str) -> None:
    """Let the reader follow so many accounts of one post each."""
    authors = [UserFactory.build(id=next_id()) for _ in range(count)]
    User.objects.bulk_create(authors)
    Follow.objects.bulk_create([Follow(follower=reader, followee=author, merged=True) for author in authors])
    posts = [(next_id(), author) for author in authors]
    Post.objects.bulk_create(
        [Post(id=own, feed_id=own, author=author, content="wuff", delivery=delivery) for own, author in posts]
    )


def queries_of(client: APIClient, url: str) -> tuple[int, int]:
    """How many posts a page shows, and for how many queries."""
    client.get(url)  # prepares what is prepared once per connection, and writes down that the reader was here
    client.get(client.get(url).json()["previous"])
    with CaptureQueriesContext(connection) as older:
        page = client.get(url).json()
        queries = len(older)
    with CaptureQueriesContext(connection) as newer:
        client.get(page["previous"])
        queries += len(newer)
    return len(page["results"]), queries


@pytest.mark.django_db
@pytest.mark.parametrize("posts", [1, 20, 100])
@pytest.mark.parametrize("place", ["unpushed", "unmerged", "stored", "below the floor"])
def test_any_number_of_posts_is_one_query_a_page(
    client: APIClient, user: User, posts: int, place: str
) -> None:
    author = UserFactory.create()
    Follow.objects.create(follower=user, followee=author, merged=place != "unmerged")
    publish(author, posts, "pulled" if place == "unpushed" else "pushed")
    if place == "stored":
        rebuild_feed(user_id=user.id)
    if place == "below the floor":
        FeedState.objects.create(user_id=user.id, floor=next_id())

    assert queries_of(client, "/v1/feed?limit=100") == (posts, 2)


@pytest.mark.django_db
@pytest.mark.parametrize("authors", [0, 1, 200])
@pytest.mark.parametrize("delivery", ["pulled", "pushing"])
def test_any_number_of_pulled_authors_is_one_query_a_page(
    client: APIClient, user: User, authors: int, delivery: str
) -> None:
    follow(user, authors, delivery)

    assert queries_of(client, "/v1/feed?limit=100") == (min(authors, 100), 2)
