"""What the tests of the drain gather in the ledger, and how they count it."""

from collections import Counter as Tally

from interactions.draining import COUNTERS, drain
from interactions.models import Like
from posts.models import Post
from puppies import ledger
from puppies.models import LedgerEntry
from tests.factories import PostFactory

LIKES, FOLLOWERS = COUNTERS[0], COUNTERS[2]


def stored() -> dict[int, int]:
    return dict(Post.objects.values_list("id", "like_count"))


def likes_by_post() -> dict[int, int]:
    return dict(Tally(Like.objects.values_list("post_id", flat=True)))


def record(post: Post, *deltas: int) -> None:
    for delta in deltas:
        ledger.record(counter=LIKES.name, subject_id=post.id, actor_id=1, delta=delta)


def gather(post: Post, entries: int) -> None:
    """That many likes of one post in the ledger."""
    deltas = (
        LedgerEntry(counter=LIKES.name, subject_id=post.id, actor_id=n, delta=1) for n in range(entries)
    )
    LedgerEntry.objects.bulk_create(deltas, batch_size=5_000)


def posts(count: int) -> list[Post]:
    """Posts whose own entries in the ledger are drained."""
    made = PostFactory.create_batch(count)
    drain()
    return made
