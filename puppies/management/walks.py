"""Commands that work through all accounts in id order, a batch a transaction: they tell how far they are and go on where they ended."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

PROGRESS_SECONDS = 5.0
MAX_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one batch did: the last id looked at (None when none was left), numbers by name, and what to tell in words."""

    last: int | None
    numbers: dict[str, int]
    findings: list[str] = field(default_factory=list)


class WalkCommand(BaseCommand):
    """Base of these commands: `--after`, `--dry-run`, `--json`, progress on standard error."""

    # Whether findings mean that something is wrong: then the exit code is 1.
    is_verdict = False

    def stretch(self, *, after: int, dry_run: bool, **options: Any) -> Stretch:
        """Do the batch above `after`."""
        raise NotImplementedError

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--after", type=int, default=0, metavar="ID", help="go on after the account with this id"
        )
        parser.add_argument("--dry-run", action="store_true", help="tell what would be done, change nothing")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        after, totals, findings = options.pop("after"), Counter[str](), list[str]()
        told_at = time.monotonic()
        while (stretch := self._stretch(after, options)).last is not None:
            after = stretch.last
            totals.update(stretch.numbers)
            findings += stretch.findings[: MAX_FINDINGS - len(findings)]
            if time.monotonic() - told_at > PROGRESS_SECONDS:
                told_at = time.monotonic()
                self.stderr.write(f"{_told(totals)}; to go on from here: --after {after}")
        totals.update(stretch.numbers)
        self._answer(totals, findings, after, options)

    def _stretch(self, after: int, options: dict[str, Any]) -> Stretch:
        try:
            return self.stretch(after=after, **options)
        except (Error, KeyboardInterrupt) as error:
            reason = str(error).strip().partition("\n")[0] or "Interrupted"
            raise CommandError(f"{reason}. To go on from here: --after {after}") from error

    def _answer(self, totals: Counter[str], findings: list[str], after: int, options: dict[str, Any]) -> None:
        if options["json"]:
            found = {**totals, "last": after, "dry_run": options["dry_run"], "findings": findings}
            self.stdout.write(json.dumps(found))
        else:
            would = " (nothing was changed)" if options["dry_run"] else ""
            self.stdout.write("\n".join([_told(totals) + would, *findings]))
        if self.is_verdict and findings:
            raise CommandError(f"Not as promised: {_told(totals)}.")


def _told(totals: Counter[str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {number:,}" for name, number in totals.items())
