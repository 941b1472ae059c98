"""How an author's new posts reach its followers: pushed into their stored feeds, or found by them when they read.

An author enters pull mode at `PULL_FROM_FOLLOWERS` stored followers and leaves it at `PUSH_AGAIN_FOLLOWERS`; between the two nothing
changes, so that nobody swings to and fro. The drain of the ledger decides it in the statement that changes the count. Posts that exist
keep the way they were published in: a crossing moves nothing.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

BATCH = 1_000


def mode_at(count: str) -> str:
    """SQL for the mode of an account whose number of followers is this expression; takes the parameters `thresholds()`."""
    return f"""CASE WHEN {count} >= %(pull_from)s THEN 'pull'
            WHEN {count} <= %(push_again)s THEN 'push' ELSE fanout_mode END"""


def thresholds() -> dict[str, int]:
    """The parameters of `mode_at`."""
    return {"pull_from": settings.PULL_FROM_FOLLOWERS, "push_again": settings.PUSH_AGAIN_FOLLOWERS}


# The rows are locked before they are judged, so that the count is that of the last drain.
RECLASSIFY = f"""
WITH author AS MATERIALIZED (
    SELECT id, fanout_mode AS before, {mode_at("followers_count")} AS mode
      FROM accounts_user WHERE id > %(after)s ORDER BY id LIMIT %(limit)s {{lock}}
), changed AS (
    {{change}}
)
SELECT count(*), max(id),
       count(*) FILTER (WHERE before <> mode AND mode = 'pull'), count(*) FILTER (WHERE before <> mode AND mode = 'push')
  FROM author
"""  # noqa: S608 - put together from constants of this module
CHANGE = """UPDATE accounts_user SET fanout_mode = author.mode
      FROM author WHERE accounts_user.id = author.id AND author.before <> author.mode"""
WRITING = RECLASSIFY.format(lock="FOR NO KEY UPDATE", change=CHANGE)
LOOKING = RECLASSIFY.format(lock="", change="SELECT 1")


@dataclass(frozen=True, slots=True)
class Reclassified:
    """One batch: accounts looked at, the last of them (None when none was left), and how many changed to which mode."""

    examined: int
    last: int | None
    pull: int
    push: int


@transaction.atomic
def reclassify_batch(*, after: int, is_dry_run: bool = False) -> Reclassified:
    """Give the next 1,000 accounts above `after` the mode that their stored counts and today's thresholds ask for."""
    names = {**thresholds(), "after": after, "limit": BATCH}
    with connection.cursor() as cursor:
        cursor.execute(LOOKING if is_dry_run else WRITING, names)
        examined, last, pull, push = cursor.fetchone()
    return Reclassified(examined, last, pull, push)
