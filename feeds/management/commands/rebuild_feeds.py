from typing import Any

from feeds.repairing import rebuild_batch
from puppies.management.walks import Stretch, WalkCommand


class Command(WalkCommand):
    help = (
        "Make the stored feeds of all readers anew from posts and follows, but for readers who are asleep. Readers notice nothing: a feed "
        "is complete at every moment of it."
    )

    def stretch(self, *, after: int, dry_run: bool, **_: Any) -> Stretch:
        done = rebuild_batch(after=after, is_dry_run=dry_run)
        return Stretch(done.last, {"examined": done.examined, "rebuilt": done.count})
