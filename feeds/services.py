"""Fan-out on write: a new post goes into the stored feeds of its author's followers.

The function does one batch inside the caller's transaction and is idempotent by the primary key of FeedEntry, so a batch that is done
again, in any order, by any number of workers, leaves the same rows.
"""

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db import IntegrityError

from feeds.metrics import fan_out_ended
from posts.services import mark_pushed
from puppies.sql import Statement

# The batches turn off waiting for the disk, for their own transaction. That is safe here and only here: rows, position and the mark of
# completion are one transaction, and a crash loses no more than a tail of such transactions, which the delivery, open again, repeats.
COUNT = "SELECT count(*), max(place), set_config('synchronous_commit', 'off', true) FROM batch"


@dataclass(frozen=True)
class Batch:
    """One way to fill stored feeds: `source` yields (user_id, feed_id, author_id, place, is_asleep), ordered by place, at most as many as
    its last parameter says.
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
            SELECT user_id, feed_id, author_id FROM batch WHERE NOT is_asleep {duplicates}
        ) {COUNT}"""  # noqa: S608 - put together from constants of this module
        return Statement(name=name, sql=sql, types=self.types, by_index=True)


# $1 post, $2 follower to go on after, $3 rows. Followers by keyset over (followee_id, follower_id). Whether the post may be shown is not
# asked here: a post hidden today may be shown again tomorrow, and the filter at read decides. Sleepers are passed over by what is stored
# of them, never by a clock: whoever wakes up after this statement looked finds the post itself. They are looked up all at once, which costs
# a fifth of a probe for each.
PUSH = Batch(
    name="push_post",
    source="""
    WITH follower AS MATERIALIZED (
        SELECT follow.follower_id AS id, post.feed_id, post.author_id
          FROM posts_post AS post CROSS JOIN LATERAL (
            SELECT follower_id FROM accounts_follow
             WHERE followee_id = post.author_id AND follower_id > $2 ORDER BY follower_id LIMIT $3) AS follow
         WHERE post.id = $1 AND post.delivery = 'pushing')
    SELECT id AS user_id, feed_id, author_id, id AS place,
           id IN (SELECT user_id FROM feeds_feedstate
                   WHERE status = 'asleep' AND user_id = ANY (ARRAY (SELECT id FROM follower))) AS is_asleep
      FROM follower
    """,
    types=("bigint", "bigint", "integer"),
)


def push_post_batch(*, post_id: int, after: int) -> int | None:
    """Write the post into the stored feeds of the next batch of followers above `after`, in id order.

    Returns the last follower written, or None when all have it; then the post counts as pushed.
    """
    last = _insert(PUSH, post_id, after)
    if last is None and (feed_id := mark_pushed(post_id=post_id)) is not None:
        fan_out_ended(feed_id=feed_id)
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
