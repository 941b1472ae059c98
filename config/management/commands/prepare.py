from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Migrate, make the topics and seed the demo network: what `up` does before it starts the parts."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, stdout=self.stdout, stderr=self.stderr)
        call_command("topics", stdout=self.stdout, stderr=self.stderr)
        call_command("seed", stdout=self.stdout, stderr=self.stderr)
