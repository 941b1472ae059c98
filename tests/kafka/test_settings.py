"""Options are typed, complete and refused when wrong."""

from typing import Any

import pytest
from kombu import Connection

from puppies import kafka
from puppies.kafka.settings import BadTransportOption, KafkaSettings, bootstrap_servers


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("puppies-kafka://a:1,b:2", "a:1,b:2"),
        ("puppies-kafka://a", "a:9092"),
        ("puppies-kafka://user:secret@a:1,b/", "a:1,b:9092"),
    ],
)
def test_hosts_come_from_the_url(url: str, hosts: str) -> None:
    assert bootstrap_servers(url) == hosts


def test_a_url_without_host_is_refused() -> None:
    with pytest.raises(BadTransportOption, match="write puppies-kafka://"):
        bootstrap_servers("puppies-kafka://")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": "x"}, "Unknown broker_transport_options"),
        ({"partitions": 0}, "must be 1 or more, not 0"),
        ({"max_poll_interval_ms": 10, "session_timeout_ms": 20}, "must not be below"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadTransportOption, match=message):
        KafkaSettings.from_url("puppies-kafka://a", options)


def test_client_config_reaches_every_client() -> None:
    settings = KafkaSettings.from_url("puppies-kafka://a", {"client_config": {"security.protocol": "ssl"}})

    for configuration in (settings.client(), settings.producer(), settings.consumer()):
        assert configuration["security.protocol"] == "ssl"


def test_prefix_is_part_of_topics_and_group() -> None:
    settings = KafkaSettings.from_url("puppies-kafka://a", {"topic_prefix": "t.", "group_id": "g"})

    assert (settings.topic("fanout"), settings.queue("t.fanout"), settings.group) == (
        "t.fanout",
        "fanout",
        "t.g",
    )


def test_the_scheme_can_be_registered_twice_and_hides_passwords() -> None:
    kafka.register()
    kafka.register()

    connection = Connection("puppies-kafka://user:secret@a:1,b:2")

    assert connection.as_uri() == "puppies-kafka://**@a:1,b:2"
