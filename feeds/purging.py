"""Removing from stored feeds what its readers no longer see. The filter at read hides it from the first moment; this is hygiene."""

from django.conf import settings
from django.db import connection, transaction

from accounts.deletion import erase_follows
from accounts.models import Follow
from feeds.models import FeedState
from feeds.states import change_state, lock_state, lock_states
from puppies.sql import execute

# Whether the follow is gone is asked again under the lock: after a refollow that was merged, a late purge would empty what the mark
# `merged` says is there.
PURGE_UNFOLLOWED = """
DELETE FROM feeds_feedentry WHERE user_id = %(follower)s AND author_id = %(followee)s AND NOT EXISTS (
    SELECT 1 FROM accounts_follow WHERE follower_id = %(follower)s AND followee_id = %(followee)s)
"""

# The next followers of a post's author, in order; nobody when the post is not deleted. A deleted post never returns, so that nothing
# that happens to a feed meanwhile can make this wrong, and no state has to be locked.
PURGE_POST = """
WITH batch AS MATERIALIZED (
    SELECT follow.follower_id AS user_id, post.feed_id
      FROM posts_post AS post CROSS JOIN LATERAL (
        SELECT follower_id FROM accounts_follow
         WHERE followee_id = post.author_id AND follower_id > %(after)s ORDER BY follower_id LIMIT %(limit)s) AS follow
     WHERE post.id = %(post)s AND post.state = 'deleted'
), gone AS (
    DELETE FROM feeds_feedentry AS entry USING batch
     WHERE entry.user_id = batch.user_id AND entry.feed_id = batch.feed_id
)
SELECT count(*), max(user_id) FROM batch
"""

ERASE_OWN = """
DELETE FROM feeds_feedentry WHERE user_id = %(user)s AND feed_id IN (
    SELECT feed_id FROM feeds_feedentry WHERE user_id = %(user)s ORDER BY feed_id LIMIT %(limit)s)
"""

# Without an index by author, the entries are found through the stored feeds of the followers, each of which is short.
ERASE_FROM_FOLLOWERS = """
DELETE FROM feeds_feedentry WHERE user_id = ANY(%(readers)s) AND author_id = %(author)s
"""
FOLLOWERS_AT_ONCE = 50


@transaction.atomic
def purge_unfollowed(*, follower_id: int, followee_id: int) -> int:
    """Remove the entries of an account that the reader no longer follows; how many: 0 when it follows again."""
    state = lock_state(user_id=follower_id)
    if state is None:
        return 0
    removed = execute(PURGE_UNFOLLOWED, {"follower": follower_id, "followee": followee_id})
    if removed:
        change_state(state)
    return removed


def purge_post_batch(*, post_id: int, after: int) -> int | None:
    """Remove a deleted post from the stored feeds of the next batch of followers above `after`; the last of them, None at the end."""
    names = {"post": post_id, "after": after, "limit": settings.FEED_BATCH}
    with connection.cursor() as cursor:
        cursor.execute(PURGE_POST, names)
        count, last = cursor.fetchone()
    return int(last) if count == settings.FEED_BATCH else None


def erase_own_entries(*, user_id: int) -> bool:
    """Remove the next batch of entries of the account's own stored feed, with the last the feed itself; False when nothing is left.

    It follows nobody any more, and whoever wrote to its feed has ended: nothing comes after.
    """
    if execute(ERASE_OWN, {"user": user_id, "limit": settings.FEED_BATCH}):
        return True
    FeedState.objects.filter(user_id=user_id).delete()
    return False


@transaction.atomic
def erase_from_followers(*, author_id: int) -> bool:
    """Remove the author's posts from the stored feeds of the next followers, and these follows; False when no follower is left.

    No fan-out of the author is under way any more; merges and rebuilds of these followers are kept out by the lock of their states. The
    read filter hides entries that remain with readers who unfollowed before; they name ids only.
    """
    readers = Follow.objects.filter(followee_id=author_id).order_by("follower_id")
    reader_ids = list(readers.values_list("follower_id", flat=True)[:FOLLOWERS_AT_ONCE])
    if not reader_ids:
        return False
    lock_states(user_ids=reader_ids)
    execute(ERASE_FROM_FOLLOWERS, {"readers": reader_ids, "author": author_id})
    erase_follows(followee_id=author_id, follower_ids=reader_ids)
    return True
