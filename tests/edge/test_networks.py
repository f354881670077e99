"""How far from us a server is, told by its name or address."""

import pytest

from edge.networks import Reach, reach


@pytest.mark.parametrize(
    ("distance", "hosts"),
    [
        ("here", "127.0.0.1 127.9.9.9 ::1 [::1] localhost LOCALHOST. me.localhost ::ffff:127.0.0.1"),
        ("near", "10.1.2.3 172.16.0.1 172.31.255.255 192.168.178.1 169.254.1.1 100.64.0.1 fd12::1 [fe80::1%eth0]"),
        ("near", "mosquitto homeassistant HomeAssistant.local. nas.lan pi.home.arpa a.b.internal ::ffff:10.0.0.1"),
        ("far", "8.8.8.8 172.32.0.1 192.169.0.1 100.128.0.1 2001:db8::1 example.com local.example.com mylocal.de"),
        ("far", "134744072 0x08080808 10.1 ::ffff:8.8.8.8 0.0.0.0"),
    ],
)
def test_where_a_host_is(distance: Reach, hosts: str) -> None:
    """A name without a dot is of a network's own list; a number that some systems read as an address is no such name."""
    assert {host: reach(host) for host in hosts.split()} == dict.fromkeys(hosts.split(), distance)
