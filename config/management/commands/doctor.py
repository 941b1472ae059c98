import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, cast

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config import env
from config.stack.checks import Finding, machine_findings, store_findings


class Command(BaseCommand):
    help = "Look at everything that Puppies needs and say what to type where something is wrong."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(all_findings())
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2))
        else:
            self.stdout.write("\n".join(map(line, findings)))
        bad = [finding.name for finding in findings if not finding.is_good]
        if bad:
            raise CommandError(f"Not well: {', '.join(bad)}.")


def all_findings() -> Iterator[Finding]:
    """Look at the machine, the stores, and what Puppies has to find in them."""
    yield from machine_findings(env.data_dir(), port=settings.PORT)
    stores = list(store_findings(store_addresses()))
    yield from stores
    if stores[0].is_good:
        yield migration_finding()
    if stores[2].is_good:
        yield topic_finding()


def store_addresses() -> dict[str, str]:
    """Return the stores' addresses as the settings have them."""
    address = settings.DATABASE_ADDRESS
    storage = cast("dict[str, dict[str, str]]", settings.STORAGES["default"])["OPTIONS"]
    return {
        "DATABASE_URL": f"postgres://{address.user}:{address.password}@{address.host}:{address.port}/{address.name}",
        "REDIS_URL": settings.REDIS_URL,
        "KAFKA_BOOTSTRAP": settings.KAFKA_BOOTSTRAP,
        "S3_ENDPOINT": storage["endpoint_url"],
        "S3_BUCKET": storage["bucket_name"],
        "S3_ACCESS_KEY": storage["access_key"],
        "S3_SECRET_KEY": storage["secret_key"],
        "S3_REGION": storage["region_name"],
    }


def migration_finding() -> Finding:
    """Look for migrations that the database has not had."""
    executor = MigrationExecutor(connection)
    missing = [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    detail = f"missing: {', '.join(missing)}" if missing else "all applied"
    return Finding("migrations", not missing, detail, "Type `.venv/bin/python manage.py migrate`.")


def topic_finding() -> Finding:
    """Look for queues without a topic."""
    options = cast("dict[str, str]", settings.KAFKA_OPTIONS["client_config"])
    client = AdminClient({"bootstrap.servers": settings.KAFKA_BOOTSTRAP, **options})
    try:
        there = client.list_topics(timeout=5).topics
    except KafkaException as error:
        return Finding("topics", is_good=False, detail=str(error), advice="Type `make up`.")
    missing = [name for queue in settings.QUEUES if (name := settings.KAFKA_PREFIX + queue) not in there]
    detail = f"missing: {', '.join(missing)}" if missing else "all there"
    return Finding("topics", not missing, detail, "Type `.venv/bin/python manage.py topics`.")


def line(finding: Finding) -> str:
    """Return a finding as a line, with its advice below when it is bad."""
    mark = "ok " if finding.is_good else "BAD"
    text = f"{mark} {finding.name:<18} {finding.detail}"
    return text if finding.is_good or not finding.advice else f"{text}\n    → {finding.advice}"
