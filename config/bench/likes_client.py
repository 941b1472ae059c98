"""One client of the likes benchmark: a process with one persistent connection that likes through the service, or as a peer does.

`python -m config.bench.likes_client` reads orders of one line, `CONTESTANT POST FIRST STEP LAST SECONDS`: the accounts FIRST, FIRST + STEP
and so on, below LAST, like the post for so many seconds. It answers with the number of likes and the seconds they took. The contestant
`drain` empties the ledger each second instead, as the worker of `counters` does, and answers how many entries it added up.
"""

import os
import sys
import time
from collections.abc import Callable

import django
from django.db import transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from interactions.draining import drain  # noqa: E402 - needs the settings
from interactions.services import like_post  # noqa: E402
from posts.selectors import MAY_SEE, is_visible  # noqa: E402
from puppies.errors import NotFound  # noqa: E402
from puppies.sql import Statement  # noqa: E402

DRAIN_EVERY_SECONDS = 1.0

# The usual way: the check, the row and the count, a prepared statement each, in a transaction.
INSERT = Statement(
    name="insert_like",
    sql="INSERT INTO interactions_like (user_id, post_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING post_id",
    types=("bigint", "bigint"),
    by_index=True,
)
COUNT = Statement(
    name="count_like",
    sql="UPDATE posts_post SET like_count = like_count + 1 WHERE id = $1 RETURNING like_count",
    types=("bigint",),
    by_index=True,
)
# The hardest peer: all of it in one statement of the same kind as ours; only the count is kept in the post itself.
AT_ONCE = Statement(
    name="like_and_count",
    sql=f"""
    WITH visible AS MATERIALIZED (
        SELECT post.id FROM posts_post AS post JOIN accounts_user AS author ON author.id = post.author_id
         WHERE post.id = $2 AND {MAY_SEE.format(viewer="$1")}
    ), changed AS (
        INSERT INTO interactions_like (user_id, post_id) SELECT $1, id FROM visible ON CONFLICT DO NOTHING RETURNING post_id
    )
    UPDATE posts_post SET like_count = like_count + 1 WHERE id = (SELECT post_id FROM changed) RETURNING like_count
    """,  # noqa: S608 - the only interpolation is a constant
    types=("bigint", "bigint"),
    by_index=True,
)


def like_in_transaction(*, user_id: int, post_id: int) -> int:
    """Like the post and count it in the same transaction; the new count."""
    with transaction.atomic():
        if not is_visible(post_id=post_id, viewer_id=user_id) or not INSERT.rows(user_id, post_id):
            raise NotFound
        return int(COUNT.rows(post_id)[0][0])


def like_at_once(*, user_id: int, post_id: int) -> int:
    """The same in one statement."""
    return int(AT_ONCE.rows(user_id, post_id)[0][0])


LIKERS: dict[str, Callable[..., object]] = {
    "ours": like_post,
    "transaction": like_in_transaction,
    "at-once": like_at_once,
}


def like(liker: Callable[..., object], post: int, users: range, seconds: float) -> tuple[int, float]:
    """Like the post, user by user, until the time is over; how many likes in how many seconds."""
    begin = time.perf_counter()
    for count, user in enumerate(users):
        if (elapsed := time.perf_counter() - begin) >= seconds:
            return count, elapsed
        liker(user_id=user, post_id=post)
    raise SystemExit("There were not enough accounts.")


def drain_for(seconds: float) -> int:
    """Drain every second until the time is over; how many entries."""
    end, entries = time.perf_counter() + seconds, 0
    while (left := end - time.perf_counter()) > 0:
        time.sleep(min(left, DRAIN_EVERY_SECONDS))
        entries += drain()
    return entries


def main() -> None:
    """Do as the lines of standard input say, until they end."""
    for line in sys.stdin:
        name, post, first, step, last, seconds = line.split()
        if name == "drain":
            print(drain_for(float(seconds)), 0.0, flush=True)
        else:
            users = range(int(first), int(last), int(step))
            print(*like(LIKERS[name], int(post), users, float(seconds)), flush=True)


if __name__ == "__main__":
    main()
