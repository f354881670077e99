"""Packets of messages that go out, byte by byte, and how many of them may be under way."""

from types import SimpleNamespace
from typing import Any

import pytest

from edge.broker.outgoing import MOST_UNANSWERED, ROOM_BYTES, Outgoing, Outlet, length_of


class Wire:
    """A connection that remembers what was sent."""

    def __init__(self, *, five: bool = False) -> None:
        self.five, self.answered, self.connections, self.unsent = five, 0, 1, 0
        self.sent: list[bytes] = []
        self._identifier = 0

    def next_identifier(self) -> int:
        """Counted from 1."""
        self._identifier += 1
        return self._identifier

    def send(self, packets: bytes, connection: int) -> None:
        """Remember."""
        if connection == self.connections:
            self.sent.append(packets)


def seen(outlet: Outlet) -> int | None:
    """The connection, as it is now."""
    return outlet.connection


def told(**properties: int) -> Any:  # noqa: ANN401 - properties of the library
    """What a broker of MQTT 5 tells."""
    return SimpleNamespace(**properties)


@pytest.mark.parametrize(
    ("five", "retained", "qos", "packet"),
    [
        (False, False, 0, b"\x30\x06\x00\x03a/bX"),
        (False, True, 0, b"\x31\x06\x00\x03a/bX"),
        (False, True, 1, b"\x33\x08\x00\x03a/b\x00\x01X"),
        (True, False, 0, b"\x30\x07\x00\x03a/b\x00X"),
        (True, True, 1, b"\x33\x09\x00\x03a/b\x00\x01\x00X"),
    ],
)
def test_a_packet_is_that_of_the_standard(five: bool, retained: bool, qos: int, packet: bytes) -> None:
    """Chapter 3.3 of MQTT 3.1.1 and 5: flags, length, topic, identifier of QoS 1, no properties, payload."""
    wire = Wire(five=five)
    outlet = Outlet(wire)
    outlet.accept(None)
    assert outlet.send([Outgoing("a/b", b"X", retained, qos)], 1) == 0
    assert wire.sent == [packet]


@pytest.mark.parametrize(
    ("size", "digits"),
    [(0, b"\x00"), (127, b"\x7f"), (128, b"\x80\x01"), (16_383, b"\xff\x7f"), (16_384, b"\x80\x80\x01")],
)
def test_a_length_has_seven_bits_a_byte(size: int, digits: bytes) -> None:
    """The examples of the standard, chapter 2.2.3."""
    assert length_of(size) == digits


def test_a_connection_is_there_between_its_acceptance_and_its_end() -> None:
    """Also where its end is not told yet: its number is another one then."""
    wire, woken = Wire(), list[int]()
    outlet = Outlet(wire)
    outlet.wake = lambda: woken.append(1)
    assert seen(outlet) is None
    outlet.accept(None)
    assert (seen(outlet), woken) == (1, [1])
    wire.connections = 2
    assert seen(outlet) is None
    outlet.accept(None)
    outlet.lose()
    assert seen(outlet) is None


def test_no_more_is_under_way_than_the_broker_takes() -> None:
    """Bytes that it has not read, and messages of QoS 1 that it has not answered; a new connection begins anew."""
    wire = Wire(five=True)
    outlet = Outlet(wire)
    outlet.accept(told(ReceiveMaximum=2))
    message = Outgoing("t", b"", qos=1)
    outlet.send([message], 1)
    assert (outlet.has_room, outlet.is_quiet) == (True, False)
    outlet.send([message], 1)
    assert not outlet.has_room
    wire.answered = 1
    assert outlet.has_room
    wire.answered = 2
    assert outlet.is_quiet
    wire.unsent = ROOM_BYTES
    assert not outlet.has_room
    assert not outlet.is_quiet
    outlet.send([message], 1)
    wire.connections, wire.unsent = 2, 0
    outlet.accept(None)
    assert outlet.is_quiet
    outlet.send([message] * MOST_UNANSWERED, 2)
    assert not outlet.has_room


def test_what_a_broker_does_not_allow_is_done_without() -> None:
    """Retained messages, QoS 1, and packets above its limit; what comes before and after those is sent."""
    wire = Wire(five=True)
    outlet = Outlet(wire)
    outlet.accept(told(MaximumQoS=0, RetainAvailable=0, MaximumPacketSize=10))
    long = Outgoing("t", bytes(20))
    assert outlet.send([Outgoing("a", b"", retained=True, qos=1), long, Outgoing("b", b"")], 1) == 1
    assert wire.sent == [b"\x30\x04\x00\x01a\x00\x30\x04\x00\x01b\x00"]


def test_what_is_left_out_takes_no_room() -> None:
    """Nobody answers it: after a few hundred that are too large nothing would ever be sent again."""
    wire = Wire(five=True)
    outlet = Outlet(wire)
    outlet.accept(told(ReceiveMaximum=2, MaximumPacketSize=10))
    assert outlet.send([Outgoing("t", bytes(20), qos=1)] * 3, 1) == 3
    assert (outlet.room, outlet.has_room, outlet.is_quiet) == (2, True, True)
