"""How posts that were published earlier come into a stored feed: the merge of one follow, and the rebuild of a whole feed.

Both read posts and write entries in one statement under the lock of the feed's state, and look at no more posts than a feed keeps: where
there are more, the floor rises to the oldest that was looked at, and what is older is read from the posts. `pulled` posts count, so
that an author of a hundred thousand of them is no long search, and are not stored: readers find them anyway.
"""

import logging

from django.conf import settings
from django.db import transaction

from accounts.models import Follow
from accounts.services import mark_follow_merged
from feeds.models import FeedState
from feeds.states import change_state, lock_state
from puppies.sql import Statement, execute

logger = logging.getLogger(__name__)

# $1 follower, $2 followee, $3 floor, $4 posts.
MERGE = Statement(
    name="merge_follow",
    sql="""
WITH newest AS MATERIALIZED (
    SELECT feed_id, author_id, delivery FROM posts_post
     WHERE author_id = $2 AND feed_id >= $3 ORDER BY feed_id DESC LIMIT $4
), stored AS (
    INSERT INTO feeds_feedentry (user_id, feed_id, author_id)
    SELECT $1, feed_id, author_id FROM newest WHERE delivery <> 'pulled' ON CONFLICT DO NOTHING
)
SELECT count(*), min(feed_id) FROM newest
""",
    types=("bigint", "bigint", "bigint", "integer"),
    by_index=True,
)

# $1 reader, $2 posts. Follows and posts are of one snapshot: exactly the follows that were read are merged by it. The authors of the
# newest posts are found first, so that each of the others costs one probe.
REBUILD = Statement(
    name="rebuild_feed",
    sql="""
WITH follow AS MATERIALIZED (
    SELECT id, followee_id FROM accounts_follow WHERE follower_id = $1
), author AS MATERIALIZED (
    SELECT follow.followee_id AS id FROM follow CROSS JOIN LATERAL (
        SELECT feed_id FROM posts_post WHERE author_id = follow.followee_id AND feed_id > 0
         ORDER BY feed_id DESC LIMIT 1) AS newest
     ORDER BY newest.feed_id DESC LIMIT $2
), newest AS MATERIALIZED (
    SELECT post.feed_id, post.author_id, post.delivery FROM author CROSS JOIN LATERAL (
        SELECT feed_id, author_id, delivery FROM posts_post
         WHERE author_id = author.id AND feed_id > 0 ORDER BY feed_id DESC LIMIT $2) AS post
     ORDER BY post.feed_id DESC LIMIT $2
), stored AS (
    INSERT INTO feeds_feedentry (user_id, feed_id, author_id)
    SELECT $1, feed_id, author_id FROM newest WHERE delivery <> 'pulled' ON CONFLICT DO NOTHING
), merged AS (
    UPDATE accounts_follow SET merged = true FROM follow
     WHERE accounts_follow.follower_id = $1 AND accounts_follow.followee_id = follow.followee_id
       AND accounts_follow.id = follow.id AND NOT accounts_follow.merged
)
SELECT count(*), min(feed_id) FROM newest
""",
    types=("bigint", "integer"),
    by_index=True,
)

CLEAR = """
DELETE FROM feeds_feedentry AS entry WHERE user_id = %(user)s AND (feed_id < %(floor)s OR NOT EXISTS (
    SELECT 1 FROM accounts_follow WHERE follower_id = %(user)s AND followee_id = entry.author_id))
"""


@transaction.atomic
def merge_follow(*, follow_id: int, follower_id: int, followee_id: int) -> None:
    """Copy the newest posts of `followee` above the floor into the stored feed of `follower`; the follow counts as merged then.

    Posts published meanwhile are pushed by their own fan-out, which reads the followers later than this follow was committed. That
    argument needs one unbroken follow: it is locked, and when it has ended nothing is done, since a refollow brings its own merge.
    """
    state = lock_state(user_id=follower_id)
    if state is None or not Follow.objects.lock_unmerged(
        follow_id=follow_id, follower_id=follower_id, followee_id=followee_id
    ):
        logger.info("merge_not_needed follow_id=%s", follow_id)
        return
    if state.status == FeedState.Status.AWAKE and _is_burst(follower_id):
        _rebuild(state)
        return
    [(count, oldest)] = MERGE.rows(follower_id, followee_id, state.floor, settings.FEED_KEEP)
    change_state(state, floor=oldest if count == settings.FEED_KEEP else state.floor)
    mark_follow_merged(follower_id=follower_id, followee_id=followee_id)


@transaction.atomic
def rebuild_feed(*, user_id: int) -> bool:
    """Fill the stored feed from the posts of all followed accounts and let its floor be where they end; False for who sleeps or is gone."""
    state = lock_state(user_id=user_id)
    if state is None or state.status != FeedState.Status.AWAKE:
        return False
    _rebuild(state)
    return True


def _is_burst(follower_id: int) -> bool:
    """Whether so many follows wait that one rebuild for all of them is cheaper than a merge for each."""
    waiting = Follow.objects.filter(follower_id=follower_id, merged=False)
    return len(waiting.values_list("id")[: settings.FEED_BURST + 1]) > settings.FEED_BURST


def _rebuild(state: FeedState) -> None:
    """Insert first, delete last: what a fan-out wrote meanwhile is never lost."""
    [(count, oldest)] = REBUILD.rows(state.user_id, settings.FEED_KEEP)
    floor = oldest if count == settings.FEED_KEEP else 0
    execute(CLEAR, {"user": state.user_id, "floor": floor})
    change_state(state, floor=floor)
