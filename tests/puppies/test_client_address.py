"""Whoever writes X-Forwarded-For, the client is the nearest address that is no proxy of ours."""

from ipaddress import ip_address, ip_network

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from puppies import client_address
from puppies.client_address import address_group, parse_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))

proxies = st.one_of(
    st.ip_addresses(network="10.0.0.0/8").map(str), st.ip_addresses(network="fd00::/8").map(str)
)
clients = st.ip_addresses().filter(
    lambda address: (
        parse_address(str(address)) is not None
        and not any(parse_address(str(address)) in network for network in PROXIES)
    )
)
claims = st.lists(st.one_of(st.ip_addresses().map(str), proxies, st.text(max_size=20)), max_size=5)


def found(peer: str, forwarded: str) -> str:
    return str(client_address.client_address({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}))


@given(claimed=claims, client=clients, passed=st.lists(proxies, min_size=1, max_size=4))
def test_no_claim_hides_who_spoke_to_our_proxies(
    claimed: list[str], client: object, passed: list[str]
) -> None:
    *inner, peer = passed
    forwarded = ",".join([*claimed, str(client), *inner])

    with override_settings(TRUSTED_PROXIES=PROXIES):
        assert found(peer, forwarded) == str(parse_address(str(client)))


@given(claimed=claims, peer=st.ip_addresses())
def test_without_proxies_of_ours_nobody_is_believed(claimed: list[str], peer: object) -> None:
    assert found(str(peer), ",".join(claimed)) == str(parse_address(str(peer)))


@given(claimed=claims, client=clients)
def test_a_client_that_comes_directly_is_not_believed_either(claimed: list[str], client: object) -> None:
    with override_settings(TRUSTED_PROXIES=PROXIES):
        assert found(str(client), ",".join(claimed)) == str(parse_address(str(client)))


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("", "10.0.0.1"),
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (" 203.0.113.9:4711 ,10.0.0.2", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("203.0.113.9, nonsense", "10.0.0.1"),
        ("203.0.113.9, nonsense, 10.0.0.2", "10.0.0.2"),
        ("203.0.113.9,", "10.0.0.1"),
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),
    ],
)
def test_the_walk_ends_where_trust_ends(settings: Settings, forwarded: str, client: str) -> None:
    settings.TRUSTED_PROXIES = PROXIES

    assert found("10.0.0.1", forwarded) == client


@pytest.mark.parametrize(
    ("raw", "group"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
    ],
)
def test_one_holder_is_one_group(raw: str, group: str) -> None:
    assert address_group(ip_address(raw)) == group


def test_a_server_that_tells_no_address_puts_all_into_one_group() -> None:
    assert address_group(parse_address("")) == "unknown"


def test_only_the_last_hops_of_a_long_header_are_looked_at_and_remembered(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    forwarded = "203.0.113.1, " * 10_000 + "198.51.100.7, 10.0.0.3"
    trusted = ", ".join(["198.51.100.7", *["10.0.0.3"] * 100])

    assert found("10.0.0.1", forwarded) == "198.51.100.7"
    assert found("10.0.0.1", trusted) == "10.0.0.3"
