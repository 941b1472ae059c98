"""Every write to blocks and mutes."""

from django.db import transaction

from accounts.models import Block, Mute
from accounts.services import lock_pair, unfollow_user
from puppies.errors import DomainError


class CannotBlockOneself(DomainError):
    code = "cannot_block_oneself"
    status = 409
    title = "You cannot block yourself"


class CannotMuteOneself(DomainError):
    code = "cannot_mute_oneself"
    status = 409
    title = "You cannot mute yourself"


@transaction.atomic
def block_user(*, blocker_id: int, blocked_id: int) -> bool:
    """Make the two not exist for each other, follows in both directions severed; False when it was so already.

    Raises CannotBlockOneself.
    """
    if blocker_id == blocked_id:
        raise CannotBlockOneself
    lock_pair(blocker_id, blocked_id)
    if not Block.objects.add(blocker_id=blocker_id, blocked_id=blocked_id):
        return False
    unfollow_user(follower_id=blocker_id, followee_id=blocked_id)
    unfollow_user(follower_id=blocked_id, followee_id=blocker_id)
    return True


def unblock_user(*, blocker_id: int, blocked_id: int) -> bool:
    """Take the block back; False when there was none. The follows that it severed stay severed."""
    removed, _ = Block.objects.filter(blocker_id=blocker_id, blocked_id=blocked_id).delete()
    return bool(removed)


def mute_user(*, muter_id: int, muted_id: int) -> bool:
    """Keep posts of `muted` out of the home feed of `muter`; False when it was so already. Raises CannotMuteOneself."""
    if muter_id == muted_id:
        raise CannotMuteOneself
    return Mute.objects.add(muter_id=muter_id, muted_id=muted_id)


def unmute_user(*, muter_id: int, muted_id: int) -> bool:
    """Take the mute back; False when there was none."""
    removed, _ = Mute.objects.filter(muter_id=muter_id, muted_id=muted_id).delete()
    return bool(removed)
