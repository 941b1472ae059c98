"""Reads of likes."""

from collections.abc import Collection

from accounts.listings import Listed
from accounts.models import User
from posts import counters
from puppies.looks import LOOKED_AT, Look
from puppies.places import Place
from puppies.sql import Statement

LIKE_COUNT = Statement(
    name="like_count",
    sql=f"""
    SELECT post.like_count + coalesce((SELECT sum(entry.delta) FROM puppies_ledgerentry AS entry
        WHERE entry.counter = '{counters.LIKES}' AND entry.subject_id = post.id), 0)
      FROM posts_post AS post WHERE post.id = $1
    """,  # noqa: S608 - the only interpolation is the constant name of a counter
    types=("bigint",),
    by_index=True,
)

LIKED = Statement(
    name="liked_posts",
    sql="SELECT post_id FROM interactions_like WHERE user_id = $1 AND post_id = ANY($2)",
    types=("bigint", "bigint[]"),
    by_index=True,
)


def liked_post_ids(*, viewer_id: int, post_ids: Collection[int]) -> frozenset[int]:
    """Which of these posts the viewer likes, in one query; none when nobody is signed in."""
    if not viewer_id or not post_ids:
        return frozenset()
    return frozenset(post_id for (post_id,) in LIKED.rows(viewer_id, list(post_ids)))


def like_count(*, post_id: int) -> int:
    """The exact number of likes of one post: what its row stores plus what the ledger holds."""
    return int(LIKE_COUNT.rows(post_id)[0][0])


# The next likers of a post in the order of its index; of so many likes, whoever may not be seen is passed over in the same statement. Where
# the look ended comes with it, when it found fewer than were wanted and there may be more.
_NEXT_LIKES = """
SELECT liking.user_id, liking.id FROM interactions_like AS liking
 WHERE liking.post_id + 0 = %(post)s AND liking.id < %(before)s AND liking.id > %(after)s AND liking.id <> ALL (%(shown)s)"""
LIKERS = f"""
WITH page AS MATERIALIZED (
    SELECT liking.user_id, liking.id
      FROM ({_NEXT_LIKES} ORDER BY liking.id {{direction}} LIMIT {LOOKED_AT}) AS liking
      JOIN accounts_user AS account ON account.id = liking.user_id
     WHERE (SELECT account.state = 'active'
               AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = %(viewer)s AND blocked_id = account.id)
               AND NOT EXISTS (SELECT 1 FROM accounts_block WHERE blocker_id = account.id AND blocked_id = %(viewer)s))
     ORDER BY liking.id {{direction}} LIMIT %(limit)s
), looked_at AS MATERIALIZED (
    {_NEXT_LIKES} AND (SELECT count(*) FROM page) < %(limit)s ORDER BY liking.id {{direction}} OFFSET {LOOKED_AT - 1} LIMIT 1)
SELECT account.*, page.id AS liking_id, looked_at.id AS until
  FROM (SELECT) AS once LEFT JOIN page ON true LEFT JOIN looked_at ON true
  LEFT JOIN accounts_user AS account ON account.id = page.user_id
 ORDER BY page.id {{direction}}
"""  # noqa: S608 - the only interpolations are constants of this module


def likers(*, post_id: int, viewer_id: int, place: Place) -> Look[Listed, int]:
    """Who likes the post, of those whom the viewer may see; the newest like first."""
    sql = LIKERS.format(direction="ASC" if place.upward else "DESC")
    names = {
        "post": post_id,
        "viewer": viewer_id,
        "before": place.before,
        "after": place.after,
        "shown": list(place.shown),
        "limit": place.limit,
    }
    users = list(User.objects.raw(sql, names))
    return Look([(user.liking_id, user) for user in users if user.liking_id], until=users[0].until)
