"""`make up`: the whole system in the foreground, from stores to beat, until Ctrl-C."""

import contextlib
import os
import signal
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import psutil

from config.stack import identities
from config.stack.console import Console
from config.stack.errors import StackError
from config.stack.part import Part
from config.stack.ports import HOST, is_free, other_port
from config.stack.processes import Identity, end_processes
from config.stack.programs import Roles
from config.stack.servers import Kafka, Server
from config.stack.state import PartRecord, RunLock, Snapshot, StackFile
from config.stack.stores import KINDS, Stores
from config.stack.supervisor import StopRequested, Supervisor
from config.stack.welcome import addresses, already_running, welcome


@dataclass(frozen=True)
class Plan:
    """What is asked for: `queues` get a worker each, `concurrency` threads in every one."""

    data_dir: Path
    port: int
    queues: Collection[str]
    web_workers: int
    web_connections: int
    concurrency: int


def run(plan: Plan, *, out: TextIO) -> int:
    """Bring everything up, keep it up, take it down; return the exit code. Raises StackError."""
    prepare_directory(plan.data_dir)
    lock, file = RunLock(plan.data_dir), StackFile(plan.data_dir)
    if not lock.take():
        raise StackError(already_running(file.read()))
    console = Console(out)
    try:
        before = file.read()
        clear_orphans(before, console)
        require_port(plan.port)
        return Run(plan, console=console, file=file, before=before).until_stopped()
    finally:
        console.close()
        lock.release()


class Run:
    """One life of the system."""

    def __init__(self, plan: Plan, *, console: Console, file: StackFile, before: Snapshot) -> None:
        self._plan = plan
        self._console = console
        self._file = file
        self._stores = stores_to_start(plan.data_dir, recorded=before.ports)
        own = {"API_HOSTS": f"http://{HOST}:{plan.port}"}
        environment = {**given_environment(), **self._stores.environment(), **own}
        ports = {**before.ports, **self._stores.ports}
        self._provider_port = identities.provider_port(ports) if identities.is_wanted() else None
        self._snapshot = Snapshot(
            environment=environment,
            ports=ports | self._provider_ports(),
            addresses=addresses(plan.port, provider_port=self._provider_port),
            supervisor=Identity.of(os.getpid()),
        )
        self._roles = Roles(
            data_dir=plan.data_dir,
            port=plan.port,
            environment={
                **environment,
                **self._provider_environment(),
                "DATA_DIR": str(plan.data_dir),
                "PORT": str(plan.port),
            },
            web_workers=plan.web_workers,
            web_connections=plan.web_connections,
            concurrency=plan.concurrency,
        )
        self._supervisor = Supervisor(
            console=console, on_change=self._record, after_restart=self._after_restart
        )

    def until_stopped(self) -> int:
        """Start, watch, stop; whatever happens in between, nothing is left running."""
        self._supervisor.obey_signals()
        self._record([])
        try:
            self._start()
            self._supervisor.watch()
        except StopRequested:
            pass
        finally:
            self._stop()
        return 0

    def _start(self) -> None:
        names = ", ".join(server.name for server in self._stores)
        self._console.say(f"starting {names or 'no store: all are given'}; data in {self._plan.data_dir}")
        self._supervisor.start(list(self._stores))
        self._run_step("prepare")
        behind, front = self._roles.all(self._plan.queues)
        if self._provider_port is not None:
            behind.append(self._roles.identity_provider(self._provider_port))
        for phase in (behind, front):
            self._console.say(f"starting {', '.join(part.name for part in phase)}")
            for part in phase:
                self._console.follow(part.name, part.log)
            self._supervisor.start(phase)
        self._console.pump()
        self._console.plain(welcome(self._snapshot, database_is_ours="postgres" in self._names()))

    def _provider_ports(self) -> dict[str, int]:
        return {} if self._provider_port is None else {identities.IDENTITY_PROVIDER: self._provider_port}

    def _provider_environment(self) -> dict[str, str]:
        # Not recorded: the key of this run is of no use to another terminal.
        if self._provider_port is None:
            return {}
        return identities.environment(self._provider_port, api_port=self._plan.port)

    def _run_step(self, name: str) -> None:
        step = self._roles.step(name)
        self._console.follow(name, step.log)
        self._supervisor.run(step)

    def _stop(self) -> None:
        self._console.say("stopping")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self._supervisor.stop()
        self._snapshot = replace(self._snapshot, supervisor=None, parts=[], addresses={})
        self._file.write(self._snapshot)
        self._console.say("stopped")

    def _after_restart(self, part: Part) -> None:
        # The embedded broker keeps its topics in memory: one that was started again has none.
        if isinstance(part, Kafka):
            self._run_step("topics")

    def _record(self, parts: list[PartRecord]) -> None:
        self._snapshot = replace(self._snapshot, parts=parts)
        self._file.write(self._snapshot)

    def _names(self) -> set[str]:
        return {server.name for server in self._stores}


def prepare_directory(data_dir: Path) -> None:
    """Make the data directory, which others have no business in."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o755)
        (data_dir / "logs").mkdir(exist_ok=True)
        (data_dir / "up.lock").touch()
    except OSError as error:
        raise StackError(
            f"{data_dir} cannot be written ({error.strerror}). Name another place, for example: "
            "DATA_DIR=$HOME/puppies-data make up"
        ) from error


def clear_orphans(before: Snapshot, console: Console) -> None:
    """End the parts of a supervisor that was killed; only processes whose start time was recorded."""
    ended = end_processes(before.processes(), seconds=5, first=signal.SIGINT)
    if ended:
        pids = ", ".join(str(identity.pid) for identity in ended)
        console.say(f"ended what a killed `make up` had left behind: pid {pids}")


def require_port(port: int) -> None:
    """Raise StackError when the API's port is taken, with the port to type instead."""
    if is_free(port):
        return
    raise StackError(
        f"Port {port} on {HOST} is taken{by_whom(port)}. Stop that program, or choose another port: "
        f"PORT={other_port(port)} make up"
    )


def by_whom(port: int) -> str:
    """Return ` by NAME (pid N)` when the system tells us, else nothing."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            is_listener = connection.status == psutil.CONN_LISTEN
            if is_listener and connection.pid and connection.laddr and connection.laddr.port == port:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""


def stores_to_start(data_dir: Path, *, recorded: Mapping[str, int]) -> Stores:
    """Return the stores whose address the environment does not give, on their former or usual ports."""
    kinds = [kind for kind in KINDS.values() if not is_given(kind)]
    usual = {kind.port_names[0]: kind.default_port for kind in kinds}
    return Stores(data_dir, ports={**usual, **recorded}, only=[kind.name for kind in kinds])


def is_given(kind: type[Server]) -> bool:
    """Tell whether the developer named a server of this kind, whose use ours would be in the way of."""
    return bool(os.environ.get(kind.url_variable) or os.environ.get(f"{kind.url_variable}_FILE"))


def given_environment() -> dict[str, str]:
    """Return the addresses that the environment gives, so that other terminals meet the same servers."""
    return dict(_given())


def _given() -> Iterator[tuple[str, str]]:
    prefixes = {kind.url_variable: kind.url_variable.split("_")[0] + "_" for kind in KINDS.values()}
    for variable, prefix in prefixes.items():
        if variable in os.environ:
            yield from ((name, value) for name, value in os.environ.items() if name.startswith(prefix))
