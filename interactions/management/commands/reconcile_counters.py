from typing import Any

from django.core.management.base import CommandParser

from interactions.recounting import Drift, recount_batch, repair
from puppies.management.walks import Stretch, WalkCommand


class Command(WalkCommand):
    help = (
        "Recount likes, comments, followers, following and posts of every account and post, and tell which counts are not the number of "
        "their rows. Exit code 1 when there is one. Everything may go on meanwhile."
    )
    is_verdict = True

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--repair", action="store_true", help="put right what is wrong")

    def stretch(self, *, after: int, dry_run: bool, **options: Any) -> Stretch:
        done = recount_batch(after=after)
        repaired = repair(done.drifts) if options["repair"] and not dry_run else []
        numbers = {
            "examined": done.examined,
            "wrong": len(done.drifts),
            "repaired": len(repaired),
            "uncounted": len(done.uncounted),
        }
        findings = [told(drift, repaired) for drift in done.drifts]
        return Stretch(
            done.last, numbers, findings + [f"{subject} could not be recounted" for subject in done.uncounted]
        )


def told(drift: Drift, repaired: list[Drift]) -> str:
    """A wrong count in words, and whether it is right now."""
    keys = {(one.counter, one.subject_id) for one in repaired}
    return f"{drift}, repaired" if (drift.counter, drift.subject_id) in keys else str(drift)
