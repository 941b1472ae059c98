from typing import Any

from feeds.trimming import trim_batch
from puppies.management.walks import Stretch, WalkCommand


class Command(WalkCommand):
    help = (
        "Shorten the stored feeds that are a fifth longer than FEED_KEEP now, instead of leaving it to the periodic task. Nothing is "
        "missing from a feed afterwards: what is older is read from the posts."
    )

    def stretch(self, *, after: int, dry_run: bool, **_: Any) -> Stretch:
        done = trim_batch(after=after, is_dry_run=dry_run)
        numbers = {"examined": done.examined, "too_long": done.feeds, "entries_removed": done.entries}
        return Stretch(done.last, numbers)
