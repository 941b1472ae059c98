"""People who act through the services, and what one of them is told."""

from typing import Any

from rest_framework.test import APIClient

from accounts.models import User
from config.celery import app
from interactions.draining import drain
from interactions.notifications.selectors import Told, notifications, unread
from interactions.services import like_post
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import work_all_off

URL = "/v1/notifications"
UNREAD = f"{URL}/unread_count"
READ = f"{URL}/read"
PREFERENCES = f"{URL}/preferences"

app.loader.import_default_modules()


def settle() -> None:
    """Let the drain and the workers do all that waits."""
    drain()
    work_all_off()


def told(user: User, *, limit: int = 100) -> list[Told]:
    """What the user is shown."""
    return notifications(recipient_id=user.id, limit=limit).told


def brief(user: User) -> list[tuple[str, list[str]]]:
    """What the user is shown: kinds, and the usernames that are named."""
    return [(one.kind.value, [actor.username for actor in one.actors]) for one in told(user)]


def unread_number(user: User) -> int:
    return unread(recipient_id=user.id).number


def like_of(user: User, *, by: int = 1) -> list[User]:
    """A new post of the user, liked by so many."""
    post, fans = PostFactory.create(author=user), UserFactory.create_batch(by)
    for fan in fans:
        like_post(user_id=fan.id, post_id=post.id)
    return fans


def page(client: APIClient, url: str = URL) -> dict[str, Any]:
    """One page of what the client's user is told."""
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found
