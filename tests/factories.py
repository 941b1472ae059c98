"""Rows for tests, made through the services wherever a write means more than its row."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from accounts.models import User
from interactions.comments.services import publish_comment
from interactions.models import Comment
from posts.models import Post
from posts.services import publish_post
from puppies.models import Delivery

PASSWORD = "a-sunny-Walk-42"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = Sequence(lambda number: f"user_{number}")
    email = LazyAttribute(lambda user: f"{user.username}@example.test")
    password = "!"  # nobody signs in with it


class PostFactory(DjangoModelFactory[Post]):
    """A published post, as the service leaves it: with its fact and its ledger entry."""

    class Meta:
        model = Post

    author = SubFactory(UserFactory)
    content = Sequence(lambda number: f"puppy number {number}")

    @classmethod
    def _create(cls, model_class: type[Post], *args: Any, **kwargs: Any) -> Post:
        return publish_post(author_id=kwargs["author"].id, content=kwargs["content"])


class CommentFactory(DjangoModelFactory[Comment]):
    """A comment, or with `parent` a reply, as the service leaves it: with its fact and its ledger entry."""

    class Meta:
        model = Comment

    parent: Any = None
    post = LazyAttribute(lambda comment: comment.parent.post if comment.parent else PostFactory.create())
    author = SubFactory(UserFactory)
    content = Sequence(lambda number: f"wuff number {number}")

    @classmethod
    def _create(cls, model_class: type[Comment], *args: Any, **kwargs: Any) -> Comment:
        parent: Comment | None = kwargs["parent"]
        comment_id = publish_comment(
            author_id=kwargs["author"].id,
            post_id=kwargs["post"].id,
            content=kwargs["content"],
            parent_id=parent.id if parent else None,
        )
        return Comment.objects.get(id=comment_id)


class DeliveryFactory(DjangoModelFactory[Delivery]):
    """A delivery that is due: a test's own transaction began earlier than any instant in it."""

    class Meta:
        model = Delivery

    fact = "tests.something_happened.v1"
    payload = LazyFunction(dict)
    task = "tests.react"
    partition_key = "1"
    due_at = LazyFunction(lambda: timezone.now() - timedelta(minutes=1))
