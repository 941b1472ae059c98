"""What `up` leaves for others in DATA_DIR/stack.json: addresses, ports, and which processes are its own."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from config.stack.processes import Identity


@dataclass(frozen=True)
class PartRecord:
    """One part as the supervisor last saw it; `since` in epoch seconds."""

    name: str
    state: str
    since: float
    restarts: int = 0
    port: int | None = None
    process: Identity | None = None


@dataclass(frozen=True)
class Snapshot:
    """Everything in the file. `environment` and `ports` outlive a run, the rest is of the present one."""

    environment: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    supervisor: Identity | None = None
    parts: list[PartRecord] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        """Tell whether the supervisor that wrote it still runs."""
        return self.supervisor is not None and self.supervisor.is_alive()

    def processes(self) -> list[Identity]:
        """Return the processes of the parts, alive or not."""
        return [part.process for part in self.parts if part.process is not None]


class StackFile:
    """Reads and replaces `stack.json`; only its owner may read it, for it names passwords."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "stack.json"

    def read(self) -> Snapshot:
        """Return what was written last; empty when there is none or it cannot be understood."""
        try:
            return snapshot_of(json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return Snapshot()

    def write(self, snapshot: Snapshot) -> None:
        """Replace the file in one step."""
        new = self.path.with_suffix(".json.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(snapshot), file, indent=2)
        new.replace(self.path)


def snapshot_of(document: dict[str, Any]) -> Snapshot:
    """Return the snapshot that a JSON document describes."""
    return Snapshot(
        environment=dict(document["environment"]),
        ports=dict(document["ports"]),
        addresses=dict(document["addresses"]),
        supervisor=_identity(document["supervisor"]),
        parts=[PartRecord(**{**part, "process": _identity(part["process"])}) for part in document["parts"]],
    )


def _identity(document: dict[str, Any] | None) -> Identity | None:
    return None if document is None else Identity(**document)


class RunLock:
    """Held by the one `up` of a data directory; the kernel lets go of it when that process ends."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "up.lock"
        self._file: TextIO | None = None

    def take(self) -> bool:
        """Take the lock, or tell that another process has it."""
        self._file = self._path.open("a", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            return False
        return True

    def release(self) -> None:
        """Let go of it; never taken is fine."""
        if self._file is not None:
            self._file.close()
