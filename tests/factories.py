"""Rows for tests, made through the services wherever a write means more than its row."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from accounts.models import User
from posts.models import Post
from posts.services import publish_post

PASSWORD = "a-sunny-Walk-42"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = factory.Sequence(lambda number: f"user_{number}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.test")
    password = "!"  # nobody signs in with it


class PostFactory(DjangoModelFactory[Post]):
    """A published post, as the service leaves it: with its fact and its ledger entry."""

    class Meta:
        model = Post

    author = factory.SubFactory(UserFactory)
    content = factory.Sequence(lambda number: f"puppy number {number}")

    @classmethod
    def _create(cls, model_class: type[Post], *args: Any, **kwargs: Any) -> Post:
        return publish_post(author_id=kwargs["author"].id, content=kwargs["content"])
