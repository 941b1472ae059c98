"""Every write to posts."""

from django.db import transaction

from accounts import counters as account_counters
from posts.events import PostPublished
from posts.models import Post
from puppies import ledger
from puppies.errors import DomainError, FieldProblem
from puppies.events import publish
from puppies.ids import next_id


class EmptyContent(DomainError):
    code = "validation_failed"
    title = "The request is not valid"


@transaction.atomic
def publish_post(*, author_id: int, content: str) -> Post:
    """Publish a text post: visible to every reader from this commit on. Raises EmptyContent for text without a visible character."""
    if not any(character.isprintable() and not character.isspace() for character in content):
        raise EmptyContent(errors=(FieldProblem("/content", "blank", "Write something visible."),))
    own_id = next_id()
    post = Post.objects.create(id=own_id, feed_id=own_id, author_id=author_id, content=content)
    ledger.record(counter=account_counters.POSTS, subject_id=author_id, actor_id=author_id, delta=+1)
    publish(PostPublished(post_id=post.id, author_id=author_id))
    return post


def mark_pushed(*, post_id: int) -> None:
    """Record that the post is in every follower's stored feed, so that readers no longer look for it by themselves."""
    Post.objects.filter(id=post_id, delivery=Post.Delivery.PUSHING).update(delivery=Post.Delivery.PUSHED)
