"""The promises about popular posts, checked on live data."""

from collections.abc import Iterator
from itertools import islice

from django.conf import settings

from config.verification.results import MAX_FINDINGS, Options, Result, result
from feeds.oracle import rows, snapshot
from feeds.popular import snapshots
from feeds.popular.pages import Place, popular_page
from feeds.popular.snapshots import Snapshot

# How many may fail to come, for a restart or a release, before it is a finding.
PERIODS = 5
VISIBLE = """
SELECT post.id FROM posts_post AS post JOIN accounts_user AS author ON author.id = post.author_id
 WHERE post.id = ANY(%s) AND post.state = 'published' AND author.state = 'active' ORDER BY post.id
"""


def popular(options: Options) -> list[Result]:
    """I4: the newest ranking is some minutes old at most. I6: a walk through it shows each visible post once, an author once a page."""
    with snapshot():
        newest = snapshots.newest_stored()
        if newest is None:
            return []
        most = PERIODS * settings.POPULAR_PERIOD_SECONDS + options.grace_seconds
        stale = [f"the newest ranking is {newest.age_seconds:.0f} s old"] if newest.age_seconds > most else []
        faults = list(islice(_walk_faults(newest, options.page), MAX_FINDINGS))
    return [
        result("I4", "popular posts are ranked each minute", 1, stale),
        result("I6", "popular walks show each post once", len(newest.post_ids), faults),
    ]


def _walk_faults(newest: Snapshot, limit: int) -> Iterator[str]:
    expected = [row[0] for row in rows(VISIBLE, [list(newest.post_ids)])]
    walked: list[int] = []
    place: Place | None = Place()
    while place is not None:
        page = popular_page(newest, reader_id=0, session_id=0, limit=limit, place=place)
        if len({item.author_id for item in page.items}) < len(page.items):
            yield f"the page of popular posts at rank {place.rank} has an author more than once"
        walked += [item.id for item in page.items]
        place = page.following
    if sorted(walked) != expected:
        yield f"a walk shows {len(walked)} posts, {len(set(walked))} different ones; {len(expected)} are visible"
