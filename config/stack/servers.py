"""The stores from wheels: Valkey, a Kafka-compatible broker, an S3 server; PostgreSQL has its own module."""

import json
import os
import socket
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from config.stack.binaries import tansu_binary, valkey_binary, weed_binary
from config.stack.part import Part
from config.stack.ports import HOST

# What a store may see of our environment: several read variables with names that mean something else to us.
PASSED_ON = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "USER")


class Server(Part):
    """A store: a part with ports, data of its own and the variables by which others find it."""

    #: The first port is the one that clients use.
    port_names: ClassVar[tuple[str, ...]]
    default_port: ClassVar[int]
    #: The variable that says where the store is; when it is set, that server is used and none is started.
    url_variable: ClassVar[str]

    def __init__(self, *, data_dir: Path, ports: Mapping[str, int], durable: bool) -> None:
        super().__init__(log=data_dir / "logs" / f"{self.name}.log")
        self.directory = data_dir / self.name
        self.ports = ports
        self.durable = durable

    @property
    def port(self) -> int:
        """The port that clients use."""
        return self.ports[self.port_names[0]]

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Return the variables that lead Puppies to this server."""

    def environment_of_process(self) -> Mapping[str, str]:
        """Return our own environment's plain part."""
        return {"NO_COLOR": "1", **{name: os.environ[name] for name in PASSED_ON if name in os.environ}}

    def prepare(self) -> None:
        """Make the directory of its data."""
        self.directory.mkdir(parents=True, exist_ok=True)


class Valkey(Server):
    """The Redis-compatible store; append-only when durable, and it never evicts."""

    name = "valkey"
    port_names = ("valkey",)
    default_port = 56379
    url_variable = "REDIS_URL"

    def command(self) -> list[str]:
        """Return `valkey-server` with everything said on the command line."""
        settings = {
            "port": str(self.port),
            "bind": HOST,
            "dir": str(self.directory),
            "appendonly": "yes" if self.durable else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "enable-debug-command": "local",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(valkey_binary()), *words]

    def is_ready(self) -> bool:
        """Ask for PONG: while the append-only file is loading the answer is an error."""
        return exchange(self.port, b"PING\r\n").startswith(b"+PONG")

    def environment(self) -> dict[str, str]:
        """Return REDIS_URL, database 0."""
        return {"REDIS_URL": f"redis://{HOST}:{self.port}/0"}


class Kafka(Server):
    """Tansu with its storage in memory: what it holds ends with it, and the deliveries bring it back."""

    name = "kafka"
    port_names = ("kafka",)
    default_port = 59092
    url_variable = "KAFKA_BOOTSTRAP"
    #: An ApiVersions request, version 0, correlation 7, no client id: answered by whatever speaks Kafka.
    PROBE: ClassVar[bytes] = b"\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x07\xff\xff"

    def command(self) -> list[str]:
        """Return the broker, listening and advertised on the loopback interface."""
        address = f"tcp://{HOST}:{self.port}"
        return [
            str(tansu_binary()),
            "broker",
            f"--listener-url={address}",
            f"--advertised-listener-url={address}",
            "--storage-engine=memory://tansu/",
        ]

    def is_ready(self) -> bool:
        """Ask for the protocol versions and look for our correlation id in the answer."""
        return exchange(self.port, self.PROBE)[4:8] == b"\x00\x00\x00\x07"

    def environment(self) -> dict[str, str]:
        """Return the bootstrap address with the times that this broker needs, in milliseconds.

        A group join waits half the session time-out here, and a waiting fetch is not woken by a publish.
        """
        return {
            "KAFKA_BOOTSTRAP": f"{HOST}:{self.port}",
            "KAFKA_SESSION_TIMEOUT_MS": "2000",
            "KAFKA_HEARTBEAT_MS": "500",
            "KAFKA_FETCH_WAIT_MS": "50",
        }


class ObjectStore(Server):
    """SeaweedFS as an S3 server with one bucket and one identity."""

    name = "s3"
    port_names = (
        "s3",
        *(f"s3-{part}" for part in ("grpc", "master", "volume", "filer", "admin")),
        *(f"s3-{part}-grpc" for part in ("master", "volume", "filer", "admin")),
    )
    default_port = 58333
    url_variable = "S3_ENDPOINT"
    bucket = "puppies-media"
    region = "us-east-1"
    access_key = "puppies"
    secret_key = "puppies-secret"  # noqa: S105

    def prepare(self) -> None:
        """Write the identity that may use the bucket."""
        super().prepare()
        credentials = [{"accessKey": self.access_key, "secretKey": self.secret_key}]
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identity = {"name": "puppies", "credentials": credentials, "actions": actions}
        self._identities.write_text(json.dumps({"identities": [identity]}), encoding="utf-8")

    def command(self) -> list[str]:
        """Return `weed mini` with every listener on a port of ours and nothing told to others."""
        volumes = self.directory / "volumes"
        volumes.mkdir(exist_ok=True)
        ports = (
            f"-{part}.port{kind.replace('-', '.')}={self.ports[f'{name}{kind}']}"
            for part, name in (
                ("master", "s3-master"),
                ("volume", "s3-volume"),
                ("filer", "s3-filer"),
                ("admin", "s3-admin"),
                ("s3", "s3"),
            )
            for kind in ("", "-grpc")
        )
        return [
            str(weed_binary()),
            "mini",
            f"-dir={volumes}",
            f"-ip={HOST}",
            f"-ip.bind={HOST}",
            *ports,
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.config={self._identities}",
            "-s3.iam=false",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
            "-volume.preStopSeconds=0",
        ]

    def is_ready(self) -> bool:
        """Tell whether the S3 interface lists our buckets."""
        try:
            self.client().list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True

    def settle(self) -> None:
        """Make the bucket unless it is there, and see it."""
        client = self.client()
        names = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
        if self.bucket not in names:
            client.create_bucket(Bucket=self.bucket)
        client.head_bucket(Bucket=self.bucket)

    def client(self) -> Any:
        """Return a boto3 client of this server that neither retries nor waits long."""
        return s3_client(self.environment())

    def environment(self) -> dict[str, str]:
        """Return endpoint, bucket and credentials."""
        return {
            "S3_ENDPOINT": f"http://{HOST}:{self.port}",
            "S3_BUCKET": self.bucket,
            "S3_ACCESS_KEY": self.access_key,
            "S3_SECRET_KEY": self.secret_key,
            "S3_REGION": self.region,
        }

    def finish(self, *, deadline: float) -> None:
        """End it, and remove the sockets that it leaves in /tmp under the names of its ports."""
        super().finish(deadline=deadline)
        self._remove_sockets()

    def kill(self) -> None:
        """End it by force; its sockets are useless then."""
        super().kill()
        self._remove_sockets()

    @property
    def _identities(self) -> Path:
        return self.directory / "identities.json"

    def _remove_sockets(self) -> None:
        for port in self.ports.values():
            for socket_file in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108
                socket_file.unlink(missing_ok=True)


def s3_client(environment: Mapping[str, str]) -> Any:
    """Return a boto3 client for the S3_* variables; one try, 1 s to connect, 5 s to read."""
    return boto3.client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT"],
        aws_access_key_id=environment["S3_ACCESS_KEY"],
        aws_secret_access_key=environment["S3_SECRET_KEY"],
        region_name=environment.get("S3_REGION", "us-east-1"),
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=5),
    )


def exchange(port: int, request: bytes, *, host: str = HOST, seconds: float = 1.0) -> bytes:
    """Send the bytes and return the first piece of the answer; empty when nobody answers."""
    try:
        with socket.create_connection((host, port), timeout=seconds) as connection:
            connection.sendall(request)
            return connection.recv(4096)
    except OSError:
        return b""
