"""All the stores together: for `up`, for the tests, and private ones for fault tests."""

import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from config.stack.errors import StackError
from config.stack.ports import free_port, preferred_port
from config.stack.postgres import Postgres
from config.stack.servers import Kafka, ObjectStore, Server, Valkey

KINDS: Mapping[str, type[Server]] = {kind.name: kind for kind in (Postgres, Valkey, Kafka, ObjectStore)}
ALL = tuple(KINDS)


class Stores:
    """Real servers on 127.0.0.1 with their data below one directory.

    `ports` says which to prefer ({"postgres": 5433}); one that is taken, or not named, is chosen free.
    `only` picks servers by name. `durable=False` is for speed in tests: a kill may lose the last commits.
    As a context manager it starts and stops.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        ports: Mapping[str, int] | None = None,
        only: Collection[str] = ALL,
        durable: bool = True,
    ) -> None:
        if unknown := set(only) - set(ALL):
            raise StackError(f"No such store: {', '.join(sorted(unknown))}. There are: {', '.join(ALL)}.")
        self.data_dir = data_dir
        self.ports = assign_ports([name for name in ALL if name in only], wanted=ports or {})
        self._servers = {
            name: KINDS[name](
                data_dir=data_dir.absolute(), ports=self._ports_of(KINDS[name]), durable=durable
            )
            for name in ALL
            if name in only
        }

    def __getitem__(self, name: str) -> Server:
        return self._servers[name]

    def __iter__(self) -> Iterator[Server]:
        return iter(self._servers.values())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all side by side and return when each is ready; when one fails, stop the rest and raise."""
        try:
            for server in self:
                server.start()
            for server in self:
                server.wait_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all side by side; stopped already is fine."""
        for server in self:
            server.ask_to_stop()
        for server in self:
            server.finish(deadline=time.monotonic() + server.stop_seconds)

    def environment(self) -> dict[str, str]:
        """Return the variables that lead Puppies to these servers; known before they run."""
        return {name: value for server in self for name, value in server.environment().items()}

    def _ports_of(self, kind: type[Server]) -> dict[str, int]:
        return {name: self.ports[name] for name in kind.port_names}


def assign_ports(names: Collection[str], *, wanted: Mapping[str, int]) -> dict[str, int]:
    """Give each listener of the named servers the port that is wanted for it, or a free one."""
    assigned: dict[str, int] = {}
    for name in (port for server in names for port in KINDS[server].port_names):
        taken = set(assigned.values())
        given = wanted.get(name)
        assigned[name] = (
            free_port(taken=taken) if given is None else preferred_port(preferred=given, taken=taken)
        )
    return assigned
