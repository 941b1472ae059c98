"""The ranking: log10(1 + weighted unique interactors) · 2^(−age / half-life).

All scores lose the same share of themselves in the same time, so that two posts change places only when somebody interacts with one of
them. A post that is popular therefore stays a candidate as long as it is, whatever its age; besides these the newest posts are, found by
the index on `feed_id`. What the ranking costs depends on the number of candidates, not on how many posts or likes there are.
"""

import logging
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from feeds.popular import snapshots
from feeds.popular.snapshots import Snapshot
from puppies.ids import EPOCH, SEQUENCE_BITS

logger = logging.getLogger(__name__)

# By kind, how many accounts have interacted with the candidate `post` in this way. A like is unique by its key, so that the count of
# likes is the number of accounts; what the ledger holds is missing for a second.
INTERACTORS = {"like": "post.like_count"}

# Only the order matters, and beyond 1,000 half-lives the age would leave the range of a double.
RANK = """
WITH candidate AS MATERIALIZED (
    (SELECT post.id, post.author_id, post.feed_id, {interactors} AS interactors
       FROM posts_post AS post WHERE post.feed_id IS NOT NULL AND post.state = 'published'
      ORDER BY post.feed_id DESC LIMIT %(candidates)s)
    UNION
    SELECT post.id, post.author_id, post.feed_id, {interactors}
      FROM posts_post AS post WHERE post.id = ANY(%(previous)s) AND post.state = 'published'
), scored AS (
    SELECT id, author_id, feed_id,
           log(1 + greatest(interactors, 0)::float8) * power(2::float8, -least(greatest(
               extract(epoch FROM now() - %(epoch)s)::float8 - (feed_id >> %(bits)s)::float8 / 1000,
               0) / %(half_life)s, 1000)) AS score
      FROM candidate
), turn AS (
    SELECT *, row_number() OVER (PARTITION BY author_id ORDER BY score DESC, feed_id DESC) AS number FROM scored
)
SELECT id FROM (SELECT * FROM turn WHERE number <= %(per_author)s ORDER BY score DESC, feed_id DESC) AS best
 WHERE (SELECT state = 'active' FROM accounts_user AS author WHERE author.id = best.author_id)
 LIMIT %(size)s
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
    weighted = " + ".join(
        f"{settings.POPULAR_WEIGHTS[kind]} * {count}" for kind, count in INTERACTORS.items()
    )
    return RANK.format(interactors=weighted)


def rank_parameters(*, previous: tuple[int, ...]) -> dict[str, Any]:
    """What the statement asks for by name."""
    return {
        "candidates": settings.POPULAR_CANDIDATES,
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
