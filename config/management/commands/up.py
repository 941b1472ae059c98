import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
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
            port=settings.PORT,
            queues=settings.QUEUES,
            web_workers=positive("WEB_WORKERS", 2, "Processes of the API that `up` starts."),
            concurrency=positive("WORKER_CONCURRENCY", 4, "Threads of each worker that `up` starts."),
        )
        try:
            run(plan, out=sys.stdout)
        except StackError as error:
            raise CommandError(str(error)) from error


def positive(name: str, default: int, meaning: str) -> int:
    """Return a number from 1 to 64 from the environment, or say what would fit."""
    try:
        return env.integer(name, default, meaning, least=1, most=64)
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
