import signal
from typing import Any

from django.core.management.base import BaseCommand

from config import env
from config.stack.processes import end_processes
from config.stack.state import StackFile


class Command(BaseCommand):
    help = "Stop what `up` started in another terminal, or what a killed `up` has left behind."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        snapshot = StackFile(env.data_dir()).read()
        if snapshot.supervisor is not None and snapshot.is_running:
            end_processes([snapshot.supervisor], seconds=20, first=signal.SIGTERM)
            self.stdout.write("Stopped.")
        elif left := end_processes(snapshot.processes(), seconds=5, first=signal.SIGINT):
            self.stdout.write(f"`up` itself was gone; ended {len(left)} processes that it had left.")
        else:
            self.stdout.write(f"Nothing runs on the data in {env.data_dir()}.")
