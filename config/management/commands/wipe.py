import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import env
from config.stack.postgres import Postgres
from config.stack.state import RunLock, StackFile
from config.stack.stores import ALL

OURS = (*ALL, "beat", "keys", "logs")
FILES = ("stack.json", "up.lock")


class Command(BaseCommand):
    help = "Remove the data of the embedded stores. Asks first; refuses while `up` runs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        data_dir = env.data_dir()
        found = existing_paths(data_dir)
        if not found:
            self.stdout.write(f"There is no data in {data_dir}.")
            return
        lock = RunLock(data_dir)
        if not lock.take():
            raise CommandError("Puppies is running on this data. Type `make down` first.")
        try:
            self._wipe(data_dir, found, is_agreed=options["yes"])
        finally:
            lock.release()

    def _wipe(self, data_dir: Path, paths: list[Path], *, is_agreed: bool) -> None:
        if any(identity.is_alive() for identity in StackFile(data_dir).read().processes()):
            raise CommandError("A killed `make up` has left processes on this data. Type `make down` first.")
        if not is_agreed and not agreed(data_dir):
            raise CommandError("Nothing was removed.")
        for path in paths:
            remove(path)
        self.stdout.write(f"Removed the data in {data_dir}.")


def existing_paths(data_dir: Path) -> list[Path]:
    """Return what we have written, and nothing that others may have put beside it."""
    ports = dict.fromkeys(Postgres.port_names, 0)
    postgres = Postgres(data_dir=data_dir, ports=ports, durable=True)
    candidates = [*(data_dir / name for name in (*OURS, *FILES)), postgres.fallback]
    return [path for path in candidates if path.exists()]


def agreed(data_dir: Path) -> bool:
    """Ask on the terminal; no terminal means no."""
    try:
        return input(f"Remove all data in {data_dir}? Type yes: ").strip().lower() == "yes"
    except EOFError:
        return False


def remove(path: Path) -> None:
    """Remove a file or a directory with all that is in it."""
    try:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    except PermissionError as error:
        raise CommandError(f"{path} belongs to another user. Type `sudo rm -rf {path}`.") from error
