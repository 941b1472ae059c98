from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.management.commands.settings_table import refuse_stale
from puppies.limits.buckets import Limit

HEAD = """\
# Limits on requests

A limit is a token bucket: so many requests at once, and tokens come back evenly over the time. A request takes a token from every
bucket that it falls under, or, when one of them is empty, from none: then it is answered 429 with `Retry-After` in whole seconds.
An address is an IPv4 address or an IPv6 network of 64 bits; an account is the name, address or token that the body gives.

Answers tell `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds) of the tightest bucket, and all of them in
`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10). Answers with 5xx are given back whole, but
for 503 `provider_unavailable`, which counts; a replay
(`Idempotency-Replayed`) gives back all but the limit on everything. `/livez`, `/readyz` and `/metrics` are not limited. Why it is
done like this: [ADR 9](adr/0009-limits.md).

Each number is a setting, `LIMITS_` and the limit's name ([settings.md](settings.md)); `LIMITS_FACTOR` multiplies all for load tests.

This table is written by `.venv/bin/python manage.py limits_table`.

| limit | requests | in | for each | on |
|---|---|---|---|---|
"""
PER = {"address": "address", "user": "user signed in"}


class Command(BaseCommand):
    help = "Write docs/limits.md, the table of all limits on requests; --check only says whether it is up to date."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="exit 1 with the difference when it is stale"
        )
        parser.add_argument("--file", type=Path, default=settings.BASE_DIR / "docs" / "limits.md")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        text = limits_page(settings.LIMITS_BY_DEFAULT)
        if options["check"]:
            refuse_stale(file, text, command="limits_table")
        else:
            file.write_text(text, encoding="utf-8")
            self.stdout.write(f"Wrote {file.name}: {len(settings.LIMITS_BY_DEFAULT)} limits.")


def limits_page(limits: Iterable[Limit]) -> str:
    """The page as Markdown, one row a limit, in the order of the table."""
    return HEAD + "".join(f"{row(limit)}\n" for limit in limits)


def row(limit: Limit) -> str:
    """One row of the table."""
    subject = PER.get(limit.per, f"account (`{limit.member}`)")
    routes = ", ".join(f"`{route}`" for route in limit.routes) or "everything"
    return f"| {limit.name} | {limit.quantity:,} | {limit.seconds:,} s | {subject} | {routes} |"
