from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import follow_user
from tests.factories import PostFactory, UserFactory


def contents(client: APIClient, url: str = "/v1/feed") -> list[str]:
    return [post["content"] for post in client.get(url).json()["results"]]


def test_feed_is_complete_before_any_worker_ran(client: APIClient, user: User) -> None:
    author = UserFactory.create()
    PostFactory.create(author=author, content="before the follow")
    follow_user(follower_id=user.id, followee_id=author.id)
    PostFactory.create(author=author, content="after the follow")
    PostFactory.create(author=user, content="my own")
    PostFactory.create(content="of a stranger")

    assert contents(client) == ["my own", "after the follow", "before the follow"]
