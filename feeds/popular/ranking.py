"""The ranking: log10(1 + weighted unique interactors) · 2^(−age / half-life).

All scores lose the same share of themselves in the same time, so that two posts change places only when somebody interacts with one of
them. A post that is popular therefore stays a candidate as long as it is, whatever its age; besides these the newest posts are, found by
the index on `feed_id`. Those that can be the best by the counts in their rows are shortlisted, and of these alone is counted who
commented. So the cost of the ranking depends on the number of candidates, not on how many posts, likes or comments there are.
"""

import logging
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from feeds.popular import snapshots
from feeds.popular.snapshots import Snapshot
from puppies.ids import EPOCH, SEQUENCE_BITS

# So many times the places that there are, in all and for one author: room for posts on which few people comment much.
SHORTLISTED = 5

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Interactors:
    """How many accounts have interacted with the candidate `post` in one way: at most, by the post's row alone, and exactly."""

    most: str
    exact: str


# Who comments often is one of those who comment, an author who replies none. Asked of the shortlist alone, from the index, which is
# walked from one account to the next, however much each has written, and not beyond so many: more make a post no more popular.
COUNTED = 200
COMMENTERS = f"""(
    WITH RECURSIVE commenter (author_id, number) AS (
        SELECT min(comment.author_id), 1 FROM interactions_comment AS comment
         WHERE comment.post_id = post.id AND comment.state = 'published'
        UNION ALL
        SELECT (SELECT min(comment.author_id) FROM interactions_comment AS comment
                 WHERE comment.post_id = post.id AND comment.state = 'published' AND comment.author_id > commenter.author_id),
               commenter.number + 1
          FROM commenter WHERE commenter.author_id IS NOT NULL AND commenter.number <= {COUNTED})
    SELECT count(*) FROM commenter WHERE author_id <> post.author_id)"""  # noqa: S608 - the only interpolation is a constant
# A like is unique by its key, so that the count of likes is the number of accounts. What the ledger holds is missing for a second.
INTERACTORS = {
    "like": Interactors(most="post.like_count", exact="post.like_count"),
    "comment": Interactors(
        most="post.comment_count", exact=f"CASE WHEN post.comment_count > 0 THEN {COMMENTERS} ELSE 0 END"
    ),
}

# Only the order matters, and beyond 1,000 half-lives the age would leave the range of a double.
SCORE = """
    log(1 + greatest({interactors}, 0)::float8) * power(2::float8, -least(greatest(
        extract(epoch FROM now() - %(epoch)s)::float8 - (post.feed_id >> %(bits)s)::float8 / 1000, 0) / %(half_life)s, 1000))"""

RANK = """
WITH candidate AS MATERIALIZED (
    (SELECT post.id, post.author_id, post.feed_id, post.like_count, post.comment_count
       FROM posts_post AS post WHERE post.feed_id IS NOT NULL AND post.state = 'published'
      ORDER BY post.feed_id DESC LIMIT %(candidates)s)
    UNION
    SELECT post.id, post.author_id, post.feed_id, post.like_count, post.comment_count
      FROM posts_post AS post WHERE post.id = ANY(%(previous)s) AND post.state = 'published'
), bounded AS (
    SELECT *, row_number() OVER (PARTITION BY author_id ORDER BY most DESC, feed_id DESC) AS number
      FROM (SELECT *, {most} AS most FROM candidate AS post) AS guess
), shortlist AS MATERIALIZED (
    SELECT * FROM (SELECT * FROM bounded WHERE number <= %(per_author)s * %(shortlisted)s ORDER BY most DESC, feed_id DESC) AS best
     WHERE (SELECT state = 'active' FROM accounts_user AS author WHERE author.id = best.author_id)
     LIMIT %(size)s * %(shortlisted)s
), turn AS (
    SELECT *, row_number() OVER (PARTITION BY author_id ORDER BY score DESC, feed_id DESC) AS number
      FROM (SELECT id, author_id, feed_id, {exact} AS score FROM shortlist AS post) AS scored
)
SELECT id FROM turn WHERE number <= %(per_author)s ORDER BY score DESC, feed_id DESC LIMIT %(size)s
"""

# One number for all that rank on this database; it names the lock, nothing else.
LOCK = 7_311_402_001
CLAIM = "SELECT pg_try_advisory_xact_lock(%s)"


def rank_popular(*, spacing_seconds: float) -> Snapshot | None:
    """Make a snapshot, unless the newest is younger than `spacing_seconds` or another is being made: then None.

    Removes snapshots that no cursor may name any more.
    """
    snapshot = _ranked_alone(spacing_seconds)
    if snapshot is not None:
        snapshots.announce(snapshot)
        logger.info("popular_ranked snapshot=%s posts=%s", snapshot.id, len(snapshot.post_ids))
    return snapshot


@transaction.atomic
def _ranked_alone(spacing_seconds: float) -> Snapshot | None:
    if not _claimed():
        return None
    latest = snapshots.newest_stored()
    if latest is not None and latest.age_seconds < spacing_seconds:
        return None
    made = snapshots.store(ranked(previous=latest.post_ids if latest else ()))
    snapshots.remove_old(newest_id=made.id)
    return made


def ranked(*, previous: tuple[int, ...]) -> list[int]:
    """The ids of the popular posts, the most popular first; `previous` are candidates besides the newest posts."""
    with connection.cursor() as cursor:
        cursor.execute(rank_sql(), rank_parameters(previous=previous))
        return [row[0] for row in cursor.fetchall()]


def rank_sql() -> str:
    """The statement of the ranking, with the weights in force."""
    weights, kinds = settings.POPULAR_WEIGHTS, INTERACTORS.items()
    most = " + ".join(f"{weights[name]} * {kind.most}" for name, kind in kinds)
    exact = " + ".join(f"{weights[name]} * {kind.exact}" for name, kind in kinds)
    return RANK.format(most=SCORE.format(interactors=most), exact=SCORE.format(interactors=exact))


def rank_parameters(*, previous: tuple[int, ...]) -> dict[str, Any]:
    """What the statement asks for by name."""
    return {
        "candidates": settings.POPULAR_CANDIDATES,
        "shortlisted": SHORTLISTED,
        "previous": list(previous),
        "epoch": EPOCH,
        "bits": SEQUENCE_BITS,
        "half_life": settings.POPULAR_HALF_LIFE_MINUTES * 60,
        "per_author": settings.POPULAR_PER_AUTHOR,
        "size": settings.POPULAR_SIZE,
    }


def _claimed() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [LOCK])
        return bool(cursor.fetchone()[0])
