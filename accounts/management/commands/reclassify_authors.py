from typing import Any

from accounts.modes import reclassify_batch
from puppies.management.walks import Stretch, WalkCommand


class Command(WalkCommand):
    help = (
        "Give every account the fan-out mode that its stored number of followers asks for: needed after the thresholds were changed, or "
        "when counts were repaired. Posts that exist keep the way they were published in."
    )

    def stretch(self, *, after: int, dry_run: bool, **_: Any) -> Stretch:
        done = reclassify_batch(after=after, is_dry_run=dry_run)
        numbers = {"examined": done.examined, "to_pull": done.pull, "to_push": done.push}
        return Stretch(done.last, numbers)
