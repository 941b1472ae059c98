import argparse
import json
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.verification.all import PROMISES, verify
from config.verification.results import Options, Result

HELP = """Check every promise of docs/architecture.md on the live system, changing nothing. Exit code 1 when something breaks a promise.

What only a moment can show is tried out with --probe, and is told as not checked without it. The probe registers two accounts with
random names through the API; one posts three times (sent twice, three times at once, and over a connection that is dropped, each with
an Idempotency-Key), the other follows it, likes the posts and comments on one; both send malformed requests, read their feeds, sign out.
At the end the accounts are deleted without grace and purged by the workers. Others can see the two accounts and their posts for some
seconds, and the day's figures count what they did, but for the posts; mails for them go to a host that does not exist. Keys of these
accounts are removed from Redis, nobody else's. The limits on requests hold for the probe too: it may wait a minute for them."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.add_argument("--only", type=promises, default=tuple(PROMISES), help="such as I1,I4; else all")
        parser.add_argument("--probe", action="store_true", help="also try out what only a moment can show")
        parser.add_argument(
            "--api", default="", help="the API's address for clients (the first of API_HOSTS)"
        )
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
        results = verify(chosen(options), only=options["only"])
        self.stdout.write(document(results) if options["json"] else table(results))
        if broken := [result for result in results if result.broken]:
            names = "; ".join(f"{result.promise} {result.name}: {result.broken}" for result in broken)
            raise CommandError(f"Not as promised: {names}.")


def chosen(options: dict[str, Any]) -> Options:
    """Return what the command line asks for. CommandError for a probe of nobody knows what."""
    hosts = tuple(url.rstrip("/") for url in settings.API_HOSTS or [options["api"]] if url)
    api = (options["api"] or next(iter(hosts), "")).rstrip("/")
    if options["probe"] and not api:
        raise CommandError("Whom to probe? Type --api URL, or set API_HOSTS.")
    return Options(
        readers=options["limit"],
        posts=options["posts"],
        page=options["page"],
        grace_seconds=options["grace"],
        api=api,
        hosts=hosts,
        is_probing=options["probe"],
    )


def promises(raw: str) -> tuple[str, ...]:
    """Return promises such as I1 and I4, or raise ArgumentTypeError."""
    names = tuple(name.strip().upper() for name in raw.split(","))
    if unknown := set(names) - set(PROMISES):
        raise argparse.ArgumentTypeError(
            f"no such promise: {', '.join(sorted(unknown))}; there are {', '.join(PROMISES)}"
        )
    return names


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
    lines = [f"{'promise':<9}{'what':<46}{'examined':>9}{'broken':>8}"]
    for result in results:
        lines += _lines(result)
    return "\n".join(lines)


def _lines(result: Result) -> list[str]:
    begin = f"{result.promise:<9}{result.name:<46}"
    if result.not_checked:
        return [f"{begin}  not checked: {result.not_checked}"]
    lines = [f"{begin}{result.examined:>9}{result.broken:>8}"]
    lines += [f"         - {finding}" for finding in result.findings]
    if result.broken > len(result.findings):
        lines.append(f"         … and {result.broken - len(result.findings)} more")
    return lines
