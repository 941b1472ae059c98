"""Every write to likes, and the drain of the ledger."""

from django.db import transaction

from interactions.models import Like
from posts import counters
from posts.models import Post
from puppies import ledger
from puppies.errors import NotFound


@transaction.atomic
def like_post(*, user_id: int, post_id: int) -> bool:
    """Make `user` like the post; False when it did already. Raises NotFound for a post that cannot be seen."""
    _refuse_invisible(post_id, user_id)
    if not Like.objects.add(user_id=user_id, post_id=post_id):
        return False
    ledger.record(counter=counters.LIKES, subject_id=post_id, actor_id=user_id, delta=+1)
    return True


@transaction.atomic
def unlike_post(*, user_id: int, post_id: int) -> bool:
    """Take the like back; False when there was none. Raises NotFound for a post that cannot be seen."""
    _refuse_invisible(post_id, user_id)
    removed, _ = Like.objects.filter(user_id=user_id, post_id=post_id).delete()
    if removed:
        ledger.record(counter=counters.LIKES, subject_id=post_id, actor_id=user_id, delta=-1)
    return bool(removed)


def _refuse_invisible(post_id: int, user_id: int) -> None:
    if not Post.objects.visible_to(user_id).filter(id=post_id).exists():
        raise NotFound
