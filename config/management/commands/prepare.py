import sys
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Migrate, make the topics and seed the demo network: what `up` does before it starts the parts."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        # Not our own wrapper of the output: wrapped once more it would end each of migrate's half lines.
        call_command("migrate", interactive=False, stdout=sys.stdout, stderr=sys.stderr)
        call_command("topics", stdout=sys.stdout, stderr=sys.stderr)
        call_command("seed", stdout=sys.stdout, stderr=sys.stderr)
