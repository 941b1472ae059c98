"""The real servers from wheels, started privately: they work, survive, and refuse with a message."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import boto3
import psutil
import psycopg2
import pytest
from botocore.exceptions import ClientError
from confluent_kafka.admin import AdminClient

from config.stack import StackError, Stores
from config.stack.ports import HOST, is_free
from config.stack.postgres import Postgres, namespaces_work, reachable
from config.stack.processes import Identity
from config.stack.servers import exchange


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Stores]:
    with Stores(tmp_path, only=["postgres"], durable=False) as stores:
        yield stores


def ways_of_this_user() -> list[str]:
    """Root has to become somebody else for PostgreSQL, by two ways where the kernel allows both."""
    if os.geteuid() != 0:
        return ["same"]
    return ["namespace", "65534"] if namespaces_work() else ["65534"]


def query(stores: Stores, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(stores.environment()["DATABASE_URL"])
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_a_durable_postgres_keeps_what_was_committed_just_before_a_kill(tmp_path: Path) -> None:
    with Stores(tmp_path, only=["postgres"]) as stores:
        query(stores, "CREATE TABLE bone AS SELECT 7 AS size")
        stores["postgres"].kill()

        stores["postgres"].start()
        stores["postgres"].wait_ready()

        assert query(stores, "SELECT size FROM bone") == [(7,)]


def test_postgres_listens_on_loopback_alone_and_asks_for_the_password(postgres: Stores) -> None:
    url = postgres.environment()["DATABASE_URL"]

    assert query(postgres, "SHOW listen_addresses") == [(HOST,)]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(url.replace(":puppies@", ":wrong@"))


def test_stopping_frees_the_port_and_ends_the_process(tmp_path: Path) -> None:
    stores = Stores(tmp_path, only=["valkey", "kafka"], durable=False)
    stores.start()
    pids = [server.pid for server in stores]

    stores.stop()

    assert [psutil.pid_exists(pid) for pid in pids if pid] == [False, False]
    assert [is_free(server.port) for server in stores] == [True, True]


def test_a_durable_valkey_keeps_what_it_was_told_over_a_kill(tmp_path: Path) -> None:
    with Stores(tmp_path, only=["valkey"]) as stores:
        exchange(stores["valkey"].port, b"SET bone 7\r\n")
        stores["valkey"].stop()

        stores["valkey"].start()
        stores["valkey"].wait_ready()

        assert exchange(stores["valkey"].port, b"GET bone\r\n") == b"$1\r\n7\r\n"


def test_kafka_starts_empty_again_on_its_port_after_a_kill(tmp_path: Path) -> None:
    with Stores(tmp_path, only=["kafka"]) as stores:
        port = stores["kafka"].port

        stores["kafka"].kill()
        stores["kafka"].start()
        stores["kafka"].wait_ready()

        client = AdminClient({"bootstrap.servers": f"{HOST}:{port}"})
        assert client.list_topics(timeout=5).topics == {}


def test_the_object_store_has_its_bucket_and_refuses_a_wrong_secret(tmp_path: Path) -> None:
    with Stores(tmp_path, only=["s3"], durable=False) as stores:
        environment = stores.environment()
        stranger = boto3.client(
            "s3",
            endpoint_url=environment["S3_ENDPOINT"],
            aws_access_key_id=environment["S3_ACCESS_KEY"],
            aws_secret_access_key="wrong",
            region_name=environment["S3_REGION"],
        )

        assert stores["s3"].is_ready()
        with pytest.raises(ClientError, match=r"SignatureDoesNotMatch|403"):
            stranger.head_bucket(Bucket=environment["S3_BUCKET"])

    assert not list(Path("/tmp").glob(f"seaweedfs-*-{stores.ports['s3-grpc']}.sock"))


def test_no_store_listens_beyond_the_loopback_interface(tmp_path: Path) -> None:
    with Stores(tmp_path, only=["s3", "kafka", "valkey"], durable=False) as stores:
        hosts = {
            connection.laddr[0]
            for server in stores
            for connection in psutil.Process(server.pid).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }

    assert hosts == {HOST}


def test_a_preferred_port_is_used_when_free_and_left_when_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = other.getsockname()[1]

        stores = Stores(tmp_path, ports={"kafka": taken, "valkey": 31_999}, only=["kafka", "valkey"])

    assert stores["kafka"].port != taken
    assert stores["valkey"].port == 31_999 or not is_free(31_999)


def test_an_unknown_store_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"No such store: mysql\. There are: postgres, valkey, kafka, s3"):
        Stores(tmp_path, only=["mysql"])


def test_data_of_another_version_is_refused_with_what_to_type(tmp_path: Path) -> None:
    stores = Stores(tmp_path, only=["postgres"])
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")

    with pytest.raises(StackError, match=r"PostgreSQL 17; this is PostgreSQL 18.*make wipe"):
        stores.start()


def test_the_lock_of_a_server_that_is_gone_is_no_obstacle(postgres: Stores) -> None:
    server = postgres["postgres"]
    assert isinstance(server, Postgres)
    server.stop()
    # After a power cut the file stays, and its pid may belong to anything by then: here to these tests.
    (server.cluster_directory / "postmaster.pid").write_text(f"{os.getpid()}\n{server.cluster_directory}\n")

    server.start()
    server.wait_ready()

    assert query(postgres, "SELECT 1") == [(1,)]


def test_a_lost_server_on_the_same_data_is_ended_and_replaced(postgres: Stores, tmp_path: Path) -> None:
    lost = postgres["postgres"].identity
    finder = Stores(tmp_path, only=["postgres"], durable=False)

    with finder:
        assert isinstance(lost, Identity)
        assert not lost.is_alive()
        assert query(finder, "SELECT 1") == [(1,)]


def test_a_server_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    stores = Stores(tmp_path, only=["kafka"])
    with socket.socket() as other:
        other.bind((HOST, stores["kafka"].port))
        other.listen()

        with pytest.raises(
            StackError, match=r"kafka ended with code \d at its start\. The end of .*kafka\.log"
        ):
            stores.start()


def test_only_what_is_below_open_directories_is_reachable_for_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    assert reachable(Path("/usr/bin/env"), user=65_534)
    assert not reachable(closed / "data", user=65_534)


@pytest.mark.parametrize("way", ways_of_this_user())
def test_postgres_runs_in_every_way_that_this_user_has(tmp_path: Path, way: str) -> None:
    tmp_path.chmod(0o700)
    stores = Stores(tmp_path, only=["postgres"], durable=False)
    server = stores["postgres"]
    assert isinstance(server, Postgres)
    server.runs_as = way

    with stores:
        assert query(stores, "SELECT 1") == [(1,)]
        becomes_another = way.isdigit()
        assert server.cluster_directory.stat().st_uid == (int(way) if becomes_another else os.geteuid())
        assert server.cluster_directory.is_relative_to(tmp_path) != becomes_another
    shutil.rmtree(server.fallback, ignore_errors=True)
