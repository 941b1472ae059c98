"""Every write to posts."""

from django.conf import settings
from django.db import transaction

from accounts import counters as account_counters
from posts import counters
from posts.events import PostPublished
from posts.models import Post
from puppies import ledger
from puppies.errors import DomainError, FieldProblem
from puppies.events import publish
from puppies.ids import next_id
from puppies.sql import execute
from puppies.text import is_visible


class EmptyContent(DomainError):
    code = "validation_failed"
    title = "The request is not valid"


def publish_post(*, author_id: int, content: str) -> Post:
    """Publish a text post: visible to every reader from this commit on. Raises EmptyContent for text without a visible character."""
    if not is_visible(content):
        raise EmptyContent(errors=(FieldProblem("/content", "blank", "Write something visible."),))
    # Within the request's transaction a savepoint would cost two round trips, and nobody goes on after a failure.
    with transaction.atomic(savepoint=False):
        own_id = next_id()
        post = Post.objects.create(id=own_id, feed_id=own_id, author_id=author_id, content=content)
        ledger.record(counter=account_counters.POSTS, subject_id=author_id, actor_id=author_id, delta=+1)
        publish(PostPublished(post_id=post.id, author_id=author_id))
    return post


def mark_pushed(*, post_id: int) -> None:
    """Record that the post is in every follower's stored feed, so that readers no longer look for it by themselves."""
    Post.objects.filter(id=post_id, delivery=Post.Delivery.PUSHING).update(delivery=Post.Delivery.PUSHED)


def erase_posts(*, author_id: int) -> bool:
    """Remove the author's next 1,000 posts for good, and what the ledger holds for them; False when none is left.

    What others hold of these posts (likes, feed entries) must have been removed before.
    """
    ids = list(
        Post.objects.by_author(author_id)
        .order_by("id")
        .values_list("id", flat=True)[: settings.PERSONAL_DATA_BATCH]
    )
    if not ids:
        return False
    execute("DELETE FROM posts_post WHERE id = ANY(%(ids)s)", {"ids": ids})
    ledger.forget(counters=(counters.LIKES, counters.COMMENTS), subject_ids=ids)
    return True
