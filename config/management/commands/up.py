import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import env
from config.stack.errors import StackError
from config.stack.up import Plan, run


class Command(BaseCommand):
    help = (
        "Start everything here in the foreground: PostgreSQL, Valkey, Kafka, S3, then migrations and demo data, "
        "the relay, a worker for each queue, beat and the API. Ctrl-C stops it in order. A store whose address is "
        "in the environment (DATABASE_URL, REDIS_URL, KAFKA_BOOTSTRAP, S3_ENDPOINT) is used and not started."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        plan = Plan(
            data_dir=env.data_dir(),
            port=number("PORT", 8000),
            queues=settings.QUEUES,
            web_workers=number("WEB_WORKERS", 2),
            concurrency=number("WORKER_CONCURRENCY", 4),
        )
        try:
            run(plan, out=sys.stdout)
        except StackError as error:
            raise CommandError(str(error)) from error


def number(name: str, default: int) -> int:
    """Return a whole number above zero from the environment, or say what would fit."""
    raw = os.environ.get(name, str(default))
    if not raw.isdecimal() or not 0 < int(raw) < 65_536:
        raise CommandError(f"{name}={raw} is no number that fits. Type for example: {name}={default} make up")
    return int(raw)
