"""Whose request it is: the nearest address that is no proxy of ours.

`X-Forwarded-For` is written by anybody; only what our own proxies appended can be believed. So it is walked from the right, beginning
with the peer of the connection, for as long as the hop just passed lies in `settings.TRUSTED_PROXIES`.
"""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from django.conf import settings

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]

IPV6_GROUP = 64
UNKNOWN = "unknown"
LONGEST_WALK = 512


def client_address(meta: Mapping[str, Any]) -> Address | None:
    """The address that a WSGI environment's request comes from; None when the server tells none (a UNIX socket)."""
    forwarded = meta.get("HTTP_X_FORWARDED_FOR", "") if settings.TRUSTED_PROXIES else ""
    return _walked(meta.get("REMOTE_ADDR", ""), _last_hops(forwarded), tuple(settings.TRUSTED_PROXIES))


def address_group(address: Address | None) -> str:
    """What is counted as one client: an IPv4 address, or the /64 in which one holder has all of IPv6's addresses."""
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address) >> IPV6_GROUP << IPV6_GROUP, IPV6_GROUP)))
    return UNKNOWN if address is None else str(address)


def _last_hops(forwarded: str) -> str:
    """The end of the header, without the hop that is cut: proxies append, and what is walked is remembered."""
    if len(forwarded) <= LONGEST_WALK:
        return forwarded
    return forwarded[-LONGEST_WALK:].partition(",")[2]


@lru_cache(maxsize=4_096)
def _walked(peer: str, forwarded: str, trusted: Networks) -> Address | None:
    nearest = parse_address(peer)
    hops = forwarded.split(",") if forwarded else []
    while hops and nearest is not None and _is_trusted(nearest, trusted):
        hop = parse_address(hops.pop())
        if hop is None:
            break
        nearest = hop
    return nearest


def _is_trusted(address: Address, trusted: Networks) -> bool:
    return any(address in network for network in trusted)


def parse_address(raw: str) -> Address | None:
    """The address in one hop: bare, in brackets, with a port, IPv4 in IPv6; None for anything else."""
    text = raw.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
