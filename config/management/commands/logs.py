import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import env
from config.stack.console import Console


class Command(BaseCommand):
    help = "Print the last log lines of all parts or of one, and with --follow what is added."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name", nargs="?", help="a part, such as api, worker-fanout or postgres; default: all"
        )
        parser.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
        parser.add_argument("-n", "--lines", type=int, default=20, help="lines of each to begin with (20)")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(sys.stdout)
        for log in chosen_logs(env.data_dir() / "logs", options["name"]):
            console.follow(log.stem, log, lines=options["lines"])
        try:
            console.pump()
            while options["follow"]:
                time.sleep(0.2)
                console.pump()
        except KeyboardInterrupt:
            return
        finally:
            console.close()


def chosen_logs(folder: Path, name: str | None) -> list[Path]:
    """Return the logs to print, or say which there are."""
    logs = sorted(folder.glob("*.log"))
    chosen = [log for log in logs if name in {None, log.stem}]
    if not logs:
        raise CommandError(f"There are no logs in {folder} yet. Type `make up` first.")
    if not chosen:
        raise CommandError(f"There is no log of {name}. There are: {', '.join(log.stem for log in logs)}.")
    return chosen
