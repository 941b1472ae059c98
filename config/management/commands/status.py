import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import env
from config.stack.state import PartRecord, Snapshot, StackFile


class Command(BaseCommand):
    help = "Show each part that `up` runs: state, pid, port, since when. Exit code 1 when nothing or not all runs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        snapshot = StackFile(env.data_dir()).read()
        rows = [row(part) for part in snapshot.parts]
        if options["json"]:
            self.stdout.write(json.dumps({"running": snapshot.is_running, "parts": rows}, indent=2))
        elif snapshot.is_running:
            self.stdout.write(table(rows, snapshot))
        if not snapshot.is_running:
            raise CommandError(f"Nothing runs on the data in {env.data_dir()}. Type `make up` to start it.")
        if any(item["state"] != "running" for item in rows):
            raise CommandError("Not every part runs: `make logs` shows why.")


def row(part: PartRecord) -> dict[str, Any]:
    """Return what is shown of a part; a process that has ended since is said to have."""
    is_alive = part.process is not None and part.process.is_alive()
    return {
        "name": part.name,
        "state": part.state if is_alive or part.process is None else "ended",
        "pid": part.process.pid if part.process and is_alive else None,
        "port": part.port,
        "seconds": round(time.time() - part.since),
        "restarts": part.restarts,
    }


def table(rows: list[dict[str, Any]], snapshot: Snapshot) -> str:
    """Return the parts in columns, then the addresses."""
    lines = [f"{'part':<22}{'state':<10}{'pid':>8}{'port':>7}{'since':>10}{'restarts':>10}"]
    for item in rows:
        pid, port = item["pid"] or "-", item["port"] or "-"
        lines.append(
            f"{item['name']:<22}{item['state']:<10}{pid:>8}{port:>7}{duration(item['seconds']):>10}"
            f"{item['restarts']:>10}"
        )
    return "\n".join([*lines, "", *(f"{name:<8}{url}" for name, url in snapshot.addresses.items())])


def duration(seconds: int) -> str:
    """Return seconds as people read them: 42s, 5m07s, 3h20m."""
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60:02}m"
