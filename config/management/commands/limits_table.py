from collections.abc import Iterable

from django.conf import settings

from config.management.written import WrittenPage
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


class Command(WrittenPage):
    help = "Write docs/limits.md, the table of all limits on requests; --check only says whether it is up to date."
    file_name = "limits.md"

    def page(self) -> str:
        return limits_page(settings.LIMITS_BY_DEFAULT)


def limits_page(limits: Iterable[Limit]) -> str:
    """The page as Markdown, one row a limit, in the order of the table."""
    return HEAD + "".join(f"{row(limit)}\n" for limit in limits)


def row(limit: Limit) -> str:
    """One row of the table."""
    subject = PER.get(limit.per, f"account (`{limit.member}`)")
    routes = ", ".join(f"`{route}`" for route in limit.routes) or "everything"
    return f"| {limit.name} | {limit.quantity:,} | {limit.seconds:,} s | {subject} | {routes} |"
