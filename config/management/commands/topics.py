from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from puppies.kafka.topics import TopicsUnavailable, ensure_topics


class Command(BaseCommand):
    help = "Make the Kafka topics of all queues, and their dead-letter topics, where they are missing."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reports = ensure_topics(
                settings.KAFKA_BOOTSTRAP,
                settings.QUEUES,
                settings.KAFKA_PREFIX,
                settings.KAFKA_PARTITIONS,
                client_config=settings.KAFKA_CLIENT_CONFIG,
            )
        except TopicsUnavailable as error:
            raise CommandError(str(error)) from error
        made = [f"{report.name} ({report.partitions})" for report in reports if report.is_new]
        if made:
            self.stdout.write(f"made topics (and partitions): {', '.join(made)}")
