from typing import Any

from django.core.management.base import CommandParser

from feeds.repairing import verify_batch
from puppies.management.walks import Stretch, WalkCommand


class Command(WalkCommand):
    help = (
        "Compare every home feed with the oracle query, and what is stored of it with what it claims. Nothing is changed. Exit code 1 "
        "when a feed is not what it should be; rebuild_feeds repairs what is stored."
    )
    is_verdict = True

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--posts", type=int, default=500, help="newest posts of each feed (500)")

    def stretch(self, *, after: int, dry_run: bool, **options: Any) -> Stretch:
        done = verify_batch(after=after, posts=options["posts"])
        return Stretch(done.last, {"examined": done.examined, "wrong": done.count}, done.findings)
