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
            port=settings.PORT,
            queues=settings.QUEUES,
            web_workers=settings.WEB_WORKERS,
            web_connections=settings.WEB_CONNECTIONS,
            concurrency=settings.WORKER_CONCURRENCY,
        )
        try:
            run(plan, out=sys.stdout)
        except StackError as error:
            raise CommandError(str(error)) from error
