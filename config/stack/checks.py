"""What `doctor` looks at before Django is asked: Python, binaries, the data directory, ports, stores."""

import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from config.stack.binaries import postgres_directory, tansu_binary, valkey_binary, weed_binary
from config.stack.bootstrap import LEAST
from config.stack.errors import StackError
from config.stack.ports import HOST, is_free, other_port
from config.stack.postgres import MAJOR, Postgres
from config.stack.servers import Kafka, exchange, s3_client
from config.stack.state import StackFile

START = "Type `make up`."


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `advice` says what to type when it is not good."""

    name: str
    is_good: bool
    detail: str
    advice: str = ""


def machine_findings(data_dir: Path, *, port: int) -> Iterator[Finding]:
    """Look at what `make up` needs before anything runs."""
    yield python_finding()
    for name, find in (
        ("postgres", postgres_directory),
        ("valkey", valkey_binary),
        ("kafka", tansu_binary),
        ("s3", weed_binary),
    ):
        yield binary_finding(name, find)
    yield directory_finding(data_dir)
    yield from cluster_findings(data_dir)
    yield port_finding(port, is_ours=StackFile(data_dir).read().is_running)


def python_finding() -> Finding:
    """Look at the version of Python."""
    found = ".".join(map(str, sys.version_info[:3]))
    advice = "Install Python 3.11 or newer, then: rm -rf .venv && make up PYTHON=python3.12"
    return Finding("python", sys.version_info >= LEAST, found, advice)


def binary_finding(name: str, find: Callable[[], Path]) -> Finding:
    """Look for the binary of a store."""
    try:
        return Finding(f"{name} binary", True, str(find()))
    except StackError as error:
        return Finding(f"{name} binary", False, str(error), "Type `rm -rf .venv && make up`.")


def directory_finding(data_dir: Path) -> Finding:
    """Look whether the data directory, or where it would be made, may be written."""
    place = next(path for path in (data_dir, *data_dir.parents) if path.exists())
    advice = "Name another place: DATA_DIR=$HOME/puppies-data make up"
    return Finding("data directory", os.access(place, os.W_OK), str(data_dir), advice)


def cluster_findings(data_dir: Path) -> Iterator[Finding]:
    """Look at the version of PostgreSQL's data, if there is any."""
    server = Postgres(data_dir=data_dir, ports=dict.fromkeys(Postgres.port_names, 0), durable=True)
    version = server.cluster_directory / "PG_VERSION"
    if not version.exists():
        return
    try:
        found = version.read_text(encoding="ascii").strip()
    except PermissionError:
        yield Finding("postgres data", False, "belongs to another user", "Run as that user.")
        return
    advice = "Save it with that version's pg_dump if you need it, then type `make wipe`."
    yield Finding("postgres data", found == MAJOR, f"version {found}", advice)


def port_finding(port: int, *, is_ours: bool) -> Finding:
    """Look whether the API can listen, or does."""
    detail = f"{port}, the API that runs" if is_ours else f"{port}"
    if is_ours or is_free(port):
        return Finding("port", True, detail)
    advice = f"Stop the program that has it, or type `PORT={other_port(port)} make up`."
    return Finding("port", False, f"{port} is taken", advice)


def store_findings(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Ask each store in its own protocol; `environment` names them (DATABASE_URL and so on)."""
    yield database_finding(environment["DATABASE_URL"])
    url = urlsplit(environment["REDIS_URL"])
    pong = exchange(url.port or 6379, b"PING\r\n", host=url.hostname or HOST)
    # An answer of "authentication required" is an answer too.
    yield Finding("redis answers", pong[:1] in {b"+", b"-"}, f"{url.hostname}:{url.port}", START)
    yield kafka_finding(environment["KAFKA_BOOTSTRAP"])
    yield bucket_finding(environment)


def database_finding(url: str) -> Finding:
    """Ask PostgreSQL for a connection."""
    place = url.rpartition("@")[2]
    try:
        psycopg2.connect(url, connect_timeout=2).close()
    except psycopg2.OperationalError as error:
        return Finding("database answers", False, f"{place}: {str(error).splitlines()[0]}", START)
    return Finding("database answers", True, place)


def kafka_finding(bootstrap: str) -> Finding:
    """Ask the first broker for its protocol; behind TLS only whether it listens."""
    host, _, port = bootstrap.split(",", maxsplit=1)[0].partition(":")
    number = int(port or 9092)
    answers = exchange(number, Kafka.PROBE, host=host)[4:8] == Kafka.PROBE[8:12] or listens(host, number)
    return Finding("kafka answers", answers, f"{host}:{number}", START)


def listens(host: str, port: int) -> bool:
    """Tell whether anything accepts a connection."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def bucket_finding(environment: Mapping[str, str]) -> Finding:
    """Ask the object store for the bucket."""
    place = f"{environment['S3_ENDPOINT']}/{environment['S3_BUCKET']}"
    try:
        s3_client(environment).head_bucket(Bucket=environment["S3_BUCKET"])
    except (BotoCoreError, ClientError) as error:
        return Finding("bucket is there", False, f"{place}: {error}", START)
    return Finding("bucket is there", True, place)
