"""Connections that break."""

import socket

import paho.mqtt.client as paho

from tests.support.servers import wait_until


def break_wire(client: paho.Client) -> None:
    """Let the connection end as if a cable had been cut."""
    wait_until(lambda: client.is_connected() and client.socket() is not None)
    wire = client.socket()
    assert isinstance(wire, socket.socket)
    wire.shutdown(socket.SHUT_RDWR)
