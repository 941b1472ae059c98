"""Every write to the stored feeds: fan-out on write, the merge of a new follow, and the end of an account.

Each function does one batch inside the caller's transaction and is idempotent by the primary key of FeedEntry, so a batch that is done
again, in any order, by any number of workers, leaves the same rows.
"""

import logging
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db import IntegrityError

from accounts.deletion import erase_follows
from accounts.models import Follow
from accounts.services import mark_follow_merged
from feeds.models import FeedState
from posts.services import mark_pushed
from puppies.sql import Statement, execute

logger = logging.getLogger(__name__)

# The batches turn off waiting for the disk, for their own transaction. That is safe here and only here: rows, position and the mark of
# completion are one transaction, and a crash loses no more than a tail of such transactions, which the delivery, open again, repeats.
COUNT = "SELECT count(*), max(place), set_config('synchronous_commit', 'off', true) FROM batch"


@dataclass(frozen=True)
class Batch:
    """One way to fill stored feeds: `source` yields (user_id, feed_id, author_id, place), ordered by place, at most as many as its last
    parameter says.
    """

    name: str
    source: str
    types: tuple[str, ...]

    @cached_property
    def fresh(self) -> Statement:
        """The insert for rows of which none is there: what is nearly always so."""
        return self._statement(self.name, duplicates="")

    @cached_property
    def repeated(self) -> Statement:
        """The insert that passes over rows which are there; looking for them makes each row cost twice as much."""
        return self._statement(f"again_{self.name}", duplicates="ON CONFLICT DO NOTHING")

    def _statement(self, name: str, *, duplicates: str) -> Statement:
        sql = f"""WITH batch AS MATERIALIZED ({self.source}), stored AS (
            INSERT INTO feeds_feedentry (user_id, feed_id, author_id)
            SELECT user_id, feed_id, author_id FROM batch {duplicates}
        ) {COUNT}"""  # noqa: S608 - put together from constants of this module
        return Statement(name=name, sql=sql, types=self.types)


# $1 post, $2 follower to go on after, $3 rows. Followers by keyset over (followee_id, follower_id). Whether the post may be shown is not
# asked here: a post hidden today may be shown again tomorrow, and the filter at read decides.
PUSH = Batch(
    name="push_post",
    source="""
    SELECT follow.follower_id AS user_id, post.feed_id, post.author_id, follow.follower_id AS place
      FROM posts_post AS post CROSS JOIN LATERAL (
        SELECT follower_id FROM accounts_follow
         WHERE followee_id = post.author_id AND follower_id > $2 ORDER BY follower_id LIMIT $3) AS follow
     WHERE post.id = $1 AND post.delivery = 'pushing'
    """,
    types=("bigint", "bigint", "integer"),
)

# $1 follower, $2 followee, $3 feed id to go on after, $4 rows.
MERGE = Batch(
    name="merge_follow",
    source="""
    SELECT $1 AS user_id, feed_id, author_id, feed_id AS place FROM posts_post
     WHERE author_id = $2 AND feed_id > $3 ORDER BY feed_id LIMIT $4
    """,
    types=("bigint", "bigint", "bigint", "integer"),
)


def push_post_batch(*, post_id: int, after: int) -> int | None:
    """Write the post into the stored feeds of the next batch of followers above `after`, in id order.

    Returns the last follower written, or None when all have it; then the post counts as pushed.
    """
    last = _insert(PUSH, post_id, after)
    if last is None:
        mark_pushed(post_id=post_id)
    return last


def merge_follow_batch(*, follow_id: int, follower_id: int, followee_id: int, after: int) -> int | None:
    """Copy the next batch of posts of `followee` above `after` into the stored feed of `follower`.

    Returns the last feed id copied, or None when all are there; then the follow counts as merged. Posts published meanwhile are pushed
    by their own fan-out, which reads the followers later than this follow was committed. That argument needs one unbroken follow: it is
    locked first, and when it has ended nothing is done, since a refollow brings its own merge.
    """
    if not Follow.objects.lock(follow_id=follow_id, follower_id=follower_id, followee_id=followee_id):
        logger.info("merge_not_needed follow_id=%s", follow_id)
        return None
    last = _insert(MERGE, follower_id, followee_id, after)
    if last is None:
        mark_follow_merged(follower_id=follower_id, followee_id=followee_id)
    return last


def _insert(batch: Batch, *parameters: int) -> int | None:
    """Store one batch; the place of its last row, None when it was the last."""
    limit = settings.FEED_BATCH
    try:
        # The savepoint travels with the statement; the commit releases it.
        [(count, last, _)] = batch.fresh.rows(*parameters, limit, first="SAVEPOINT batch;")
    except IntegrityError:
        [(count, last, _)] = batch.repeated.rows(*parameters, limit, first="ROLLBACK TO SAVEPOINT batch;")
    return last if count == limit else None


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
    """Remove the next batch of entries of the account's own stored feed, with the last the feed itself; False when nothing is left."""
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
