"""How far from us a server is, told by its name or address alone: nobody is asked."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal, TypeAlias

Reach: TypeAlias = Literal["here", "near", "far"]

NEAR = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",  # RFC 1918, as the next two
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",  # RFC 3927
        "100.64.0.0/10",  # RFC 6598: overlay networks use it
        "fc00::/7",  # RFC 4193
        "fe80::/10",  # RFC 4291
    )
)
# Ends of names that no public server has: of RFC 6762 and RFC 8375, and what routers and companies give.
NEAR_NAMES = ("local", "lan", "home", "internal", "localdomain", "intranet", "private", "home.arpa", "fritz.box")
NUMBER = re.compile(r"\d+|0x[0-9a-f]+")


def reach(host: str) -> Reach:
    """Where a host is: on this machine, in a private network, or anywhere.

    A name without a dot is private: it is of a network's own list of names, as those of containers are.

    Args:
        host: name or IP address, an IPv6 address with or without brackets.
    """
    name = host.strip("[]").lower().rstrip(".")
    address = _address(name)
    if address is not None:
        if address.is_loopback:
            return "here"
        return "near" if any(address in network for network in NEAR) else "far"
    if name == "localhost" or name.endswith(".localhost"):
        return "here"
    if NUMBER.fullmatch(name):  # some systems read it as an IPv4 address
        return "far"
    return "near" if "." not in name or name.endswith(tuple(f".{end}" for end in NEAR_NAMES)) else "far"


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
