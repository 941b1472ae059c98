import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.popular_verification import popular
from config.verification import Options, Result, verify


class Command(BaseCommand):
    help = (
        "Check the promises on the live data, changing nothing: counts equal their rows, feeds equal the oracle query, page walks are "
        "complete, deliveries and the ledger drain. Exit code 1 when something breaks a promise."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--limit", type=natural, default=1_000, help="readers to sample (1000); 0 for all"
        )
        parser.add_argument("--posts", type=positive, default=500, help="newest posts of each feed (500)")
        parser.add_argument("--page", type=positive, default=20, help="posts a page of the walk (20)")
        parser.add_argument(
            "--grace", type=natural, default=30, help="seconds that work in hand is given (30)"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = Options(
            readers=options["limit"],
            posts=options["posts"],
            page=options["page"],
            grace_seconds=options["grace"],
        )
        results = verify(chosen) + popular(chosen)
        self.stdout.write(document(results) if options["json"] else table(results))
        if broken := [result for result in results if result.broken]:
            names = "; ".join(f"{result.promise} {result.name}: {result.broken}" for result in broken)
            raise CommandError(f"Not as promised: {names}.")


def natural(raw: str) -> int:
    """Return a whole number from 0, or raise ValueError."""
    if (number := int(raw)) < 0:
        raise ValueError(raw)
    return number


def positive(raw: str) -> int:
    """Return a whole number from 1, or raise ValueError."""
    if (number := int(raw)) < 1:
        raise ValueError(raw)
    return number


def document(results: list[Result]) -> str:
    """Return the results for programs."""
    is_kept = not any(result.broken for result in results)
    return json.dumps({"ok": is_kept, "checks": [asdict(result) for result in results]}, indent=2)


def table(results: list[Result]) -> str:
    """Return the results in columns, the findings below their promise."""
    lines = [f"{'promise':<9}{'what':<42}{'examined':>9}{'broken':>8}"]
    for result in results:
        lines.append(f"{result.promise:<9}{result.name:<42}{result.examined:>9}{result.broken:>8}")
        lines += [f"         - {finding}" for finding in result.findings]
        if result.broken > len(result.findings):
            lines.append(f"         … and {result.broken - len(result.findings)} more")
    return "\n".join(lines)
