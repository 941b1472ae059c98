"""Every write to likes."""

from dataclasses import dataclass

from interactions import selectors
from posts import counters
from posts.selectors import MAY_SEE
from puppies import ledger
from puppies.errors import NotFound
from puppies.sql import Statement


@dataclass(frozen=True, slots=True)
class Liking:
    """What became of a request: whether it changed something, and the exact number of likes after it."""

    is_changed: bool
    like_count: int


# $1 who likes, $2 the post. Everything is of one snapshot: the number of likes that it shows, and one more or less.
_SQL = """
WITH liked AS MATERIALIZED (
    SELECT post.id, post.like_count + pending.likes AS like_count, pending.entries
      FROM posts_post AS post JOIN accounts_user AS author ON author.id = post.author_id
     CROSS JOIN LATERAL (
        SELECT coalesce(sum(delta), 0) AS likes, count(*) AS entries FROM puppies_ledgerentry
         WHERE counter = '{counter}' AND subject_id = post.id) AS pending
     WHERE post.id = $2 AND {may_change}
), changed AS (
    {change} RETURNING post_id
), recorded AS (
    INSERT INTO puppies_ledgerentry (counter, subject_id, actor_id, delta)
    SELECT '{counter}', post_id, $1, {delta} FROM changed
)
SELECT EXISTS (SELECT FROM changed), EXISTS (SELECT FROM interactions_like WHERE user_id = $1 AND post_id = $2),
       (like_count + (SELECT count(*) FROM changed) * {delta})::bigint, entries
  FROM liked
"""


_MAY_SEE = MAY_SEE.format(viewer="$1")
# What is one's own one takes back, whoever blocks whom.
_MAY_UNLIKE = f"({_MAY_SEE} OR EXISTS (SELECT FROM interactions_like AS own WHERE own.user_id = $1 AND own.post_id = $2))"


def _statement(name: str, change: str, delta: int, may_change: str) -> Statement:
    sql = _SQL.format(counter=counters.LIKES, may_change=may_change, change=change, delta=delta)
    return Statement(name=name, sql=sql, types=("bigint", "bigint"), by_index=True)


LIKE = _statement(
    "like_post",
    "INSERT INTO interactions_like (user_id, post_id) SELECT $1, id FROM liked ON CONFLICT DO NOTHING",
    +1,
    _MAY_SEE,
)
UNLIKE = _statement(
    "unlike_post",
    "DELETE FROM interactions_like WHERE user_id = $1 AND post_id = (SELECT id FROM liked)",
    -1,
    _MAY_UNLIKE,
)


def like_post(*, user_id: int, post_id: int) -> Liking:
    """Make `user` like the post; nothing changes when it did already. Raises NotFound for a post that cannot be seen.

    One statement, so that its transaction is one round trip, and no lock on the post, so that nobody waits for other likers.
    """
    return _change(LIKE, user_id=user_id, post_id=post_id, liked=True)


def unlike_post(*, user_id: int, post_id: int) -> Liking:
    """Take the like back, also of a post that cannot be seen any more; nothing changes when there was none.

    Raises NotFound for a post that cannot be seen and is not liked.
    """
    return _change(UNLIKE, user_id=user_id, post_id=post_id, liked=False)


def _change(statement: Statement, *, user_id: int, post_id: int, liked: bool) -> Liking:
    rows = statement.rows(user_id, post_id)
    if not rows:
        raise NotFound
    is_changed, was_liked, like_count, entries = rows[0]
    if is_changed is (was_liked is liked):
        # Another request of the same user did it, or undid it, after this one had looked.
        like_count = selectors.like_count(post_id=post_id)
    if entries >= ledger.LONG:
        ledger.add_up(counter=counters.LIKES, subject_id=post_id)
    return Liking(is_changed, like_count)
