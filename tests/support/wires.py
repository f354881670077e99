"""Connections that break, and what MQTT 5 adds to packets."""

import socket

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties

from tests.support.servers import wait_until


def break_wire(client: paho.Client) -> None:
    """Let the connection end as if a cable had been cut."""
    wait_until(lambda: client.is_connected() and client.socket() is not None)
    wire = client.socket()
    assert isinstance(wire, socket.socket)
    wire.shutdown(socket.SHUT_RDWR)


def told(kind: int, **values: object) -> Properties:
    """Properties of a packet of a kind, by their names without spaces."""
    properties = Properties(kind)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


def read_properties(kind: int, data: bytes) -> dict[str, object]:
    """The properties that stand at the beginning of the bytes."""
    properties = told(kind)
    properties.unpack(data)  # type: ignore[no-untyped-call]
    return dict(properties.json())  # type: ignore[no-untyped-call]
