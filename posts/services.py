"""Every write to posts."""

from django.conf import settings
from django.db import connection, transaction

from accounts import counters as account_counters
from accounts import mentions
from accounts.models import User
from posts import counters
from posts.events import AccountsMentioned, PostAwaitsFanOut, PostDeleted, PostPublished
from posts.models import Post
from puppies import ledger
from puppies.errors import DomainError, FieldProblem
from puppies.events import publish
from puppies.ids import NextId
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
        own_id, delivery = _feed_id_and_delivery(author_id)
        post = Post.objects.create(
            id=own_id, feed_id=own_id, author_id=author_id, content=content, delivery=delivery
        )
        _announce(post)
    return post


@transaction.atomic
def publish_waiting_post(*, post_id: int) -> bool:
    """Publish a post that was kept back, as of now: its place in feeds is that of this moment. False when none waits under this id."""
    post = Post.objects.select_for_update(no_key=True).filter(id=post_id, state=Post.State.WAITING).first()
    if post is None:
        return False
    post.feed_id, post.delivery = _feed_id_and_delivery(post.author_id)
    post.state = Post.State.PUBLISHED
    post.save(update_fields=["feed_id", "delivery", "state"])
    _announce(post)
    return True


def _feed_id_and_delivery(author_id: int) -> tuple[int, Post.Delivery]:
    """A place in feeds, and how readers will find what is published there: decided once, by the author's mode at this moment.

    Nothing more is pushed of an account that is being erased.
    """
    author = User.objects.filter(id=author_id).annotate(place=NextId())
    place, mode, state = author.values_list("place", "fanout_mode", "state").get()
    is_pulled = mode == User.FanoutMode.PULL or state == User.State.PURGING
    return place, Post.Delivery.PULLED if is_pulled else Post.Delivery.PUSHING


def _announce(post: Post) -> None:
    ledger.record(
        counter=account_counters.POSTS, subject_id=post.author_id, actor_id=post.author_id, delta=+1
    )
    publish(PostPublished(post_id=post.id, author_id=post.author_id))
    if post.delivery == Post.Delivery.PUSHING:
        publish(PostAwaitsFanOut(post_id=post.id, author_id=post.author_id))
    if mentions.usernames_in(post.content):
        publish(AccountsMentioned(post_id=post.id, author_id=post.author_id))


@transaction.atomic
def delete_post(*, post_id: int) -> bool:
    """Remove a published post from everybody's sight, for good; False when there is none."""
    shown = Post.objects.filter(id=post_id, state__in=(Post.State.PUBLISHED, Post.State.HIDDEN))
    author_id = shown.select_for_update(no_key=True).values_list("author_id", flat=True).first()
    if author_id is None:
        return False
    Post.objects.filter(id=post_id).update(state=Post.State.DELETED)
    ledger.record(counter=account_counters.POSTS, subject_id=author_id, actor_id=author_id, delta=-1)
    publish(PostDeleted(post_id=post_id, author_id=author_id))
    return True


MARK_PUSHED = """
UPDATE posts_post SET delivery = 'pushed' WHERE id = %s AND delivery = 'pushing' RETURNING feed_id
"""


def mark_pushed(*, post_id: int) -> int | None:
    """Record that the post is in every follower's stored feed, so that readers no longer look for it by themselves.

    Its feed id, or None when it was not being pushed.
    """
    with connection.cursor() as cursor:
        cursor.execute(MARK_PUSHED, [post_id])
        row = cursor.fetchone()
    return None if row is None else int(row[0])


STOP_PUSHING = """
UPDATE posts_post SET delivery = 'pulled' WHERE delivery = 'pushing' AND id IN (
    SELECT id FROM posts_post WHERE author_id = %(author)s AND delivery = 'pushing'
     ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE)
"""


def stop_pushing(*, author_id: int) -> bool:
    """End the fan-outs of the next 1,000 of the author's posts that have one, for an account that goes; False when there is none.

    A batch under way may still be writing.
    """
    return bool(execute(STOP_PUSHING, {"author": author_id, "limit": settings.PERSONAL_DATA_BATCH}))


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
