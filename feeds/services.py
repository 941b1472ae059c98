"""Every write to the stored feeds: fan-out on write, the merge of a new follow, and the end of an account.

Each function does one batch inside the caller's transaction and is idempotent by the primary key of FeedEntry, so a batch that is done
again, in any order, by any number of workers, leaves the same rows.
"""

import logging
from collections.abc import Mapping

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from accounts.deletion import erase_follows
from accounts.models import Follow
from accounts.services import mark_follow_merged
from feeds.models import FeedState
from posts.models import Post
from posts.services import mark_pushed
from puppies.sql import execute

logger = logging.getLogger(__name__)

# Both statements turn off waiting for the disk, for their own transaction. That is safe here and only here: rows, position and the mark of
# completion are one transaction, and a crash loses no more than a tail of such transactions, which the delivery, open again, repeats.

# Followers by keyset over (followee_id, follower_id). Whether the post may be shown is not asked here: a post hidden today may be shown
# again tomorrow, and the filter at read decides.
PUSH = """
WITH batch AS MATERIALIZED (
    SELECT follower_id FROM accounts_follow
     WHERE followee_id = %(author)s AND follower_id > %(after)s
     ORDER BY follower_id LIMIT %(limit)s
), pushed AS (
    INSERT INTO feeds_feedentry (user_id, feed_id, author_id)
    SELECT follower_id, %(feed_id)s, %(author)s FROM batch
    {duplicates}
)
SELECT count(*), max(follower_id), set_config('synchronous_commit', 'off', true) FROM batch
"""

MERGE = """
WITH batch AS MATERIALIZED (
    SELECT feed_id FROM posts_post
     WHERE author_id = %(followee)s AND feed_id > %(after)s
     ORDER BY feed_id LIMIT %(limit)s
), merged AS (
    INSERT INTO feeds_feedentry (user_id, feed_id, author_id)
    SELECT %(follower)s, feed_id, %(followee)s FROM batch
    {duplicates}
)
SELECT count(*), max(feed_id), set_config('synchronous_commit', 'off', true) FROM batch
"""


def push_post_batch(*, post_id: int, after: int) -> int | None:
    """Write the post into the stored feeds of the next 1,000 followers above `after`, in id order.

    Returns the last follower written, or None when all have it; then the post counts as pushed.
    """
    post = Post.objects.filter(id=post_id).values("author_id", "feed_id", "delivery").first()
    if post is None or post["delivery"] != Post.Delivery.PUSHING:
        logger.info("fan_out_not_needed post_id=%s", post_id)
        return None
    last = _batch(PUSH, author=post["author_id"], feed_id=post["feed_id"], after=after)
    if last is None:
        mark_pushed(post_id=post_id)
    return last


def merge_follow_batch(*, follow_id: int, follower_id: int, followee_id: int, after: int) -> int | None:
    """Copy the next 1,000 posts of `followee` above `after` into the stored feed of `follower`.

    Returns the last feed id copied, or None when all are there; then the follow counts as merged. Posts published meanwhile are pushed
    by their own fan-out, which reads the followers later than this follow was committed. That argument needs one unbroken follow: it is
    locked first, and when it has ended nothing is done, since a refollow brings its own merge.
    """
    if not Follow.objects.lock(follow_id=follow_id, follower_id=follower_id, followee_id=followee_id):
        logger.info("merge_not_needed follow_id=%s", follow_id)
        return None
    last = _batch(MERGE, followee=followee_id, follower=follower_id, after=after)
    if last is None:
        mark_follow_merged(follower_id=follower_id, followee_id=followee_id)
    return last


def _batch(sql: str, **names: int | None) -> int | None:
    parameters = {**names, "limit": settings.FEED_BATCH}
    try:
        # Almost never is a row there already, and looking for it (a speculative insert) would make every row cost twice as much.
        with transaction.atomic():
            count, last = _insert(sql.format(duplicates=""), parameters)
    except IntegrityError:
        count, last = _insert(sql.format(duplicates="ON CONFLICT DO NOTHING"), parameters)
    return last if count == settings.FEED_BATCH else None


def _insert(sql: str, parameters: Mapping[str, int | None]) -> tuple[int, int | None]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        count, last, _ = cursor.fetchone()
    return count, last


ERASE_OWN = """
DELETE FROM feeds_feedentry WHERE user_id = %(user)s AND feed_id IN (
    SELECT feed_id FROM feeds_feedentry WHERE user_id = %(user)s ORDER BY feed_id LIMIT %(limit)s)
"""

# Without an index by author, the entries are found through the stored feeds of the followers, each of which is short.
ERASE_FROM_FOLLOWERS = """
DELETE FROM feeds_feedentry WHERE user_id = ANY(%(readers)s) AND author_id = %(author)s
"""
FOLLOWERS_AT_ONCE = 50


def erase_own_entries(*, user_id: int) -> bool:
    """Remove the next 1,000 entries of the account's own stored feed, with the last the feed itself; False when nothing is left."""
    if execute(ERASE_OWN, {"user": user_id, "limit": settings.FEED_BATCH}):
        return True
    FeedState.objects.filter(user_id=user_id).delete()
    return False


def erase_from_followers(*, author_id: int) -> bool:
    """Remove the author's posts from the stored feeds of the next followers, and these follows; False when no follower is left.

    The read filter hides entries that remain with readers who unfollowed before; they name ids only.
    """
    readers = Follow.objects.filter(followee_id=author_id).order_by("follower_id")
    reader_ids = list(readers.values_list("follower_id", flat=True)[:FOLLOWERS_AT_ONCE])
    if not reader_ids:
        return False
    execute(ERASE_FROM_FOLLOWERS, {"readers": reader_ids, "author": author_id})
    erase_follows(followee_id=author_id, follower_ids=reader_ids)
    return True
