"""Messages out, over the connection that brings those in; nothing waits here, and nothing is kept for a broker that is away.

A PUBLISH packet (chapter 3.3 of the standards of OASIS) is written by hand, many of them with one call: the library makes an
object with a lock of each, and wakes its thread for each. One of QoS 1 has an identifier, and the broker answers it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from paho.mqtt.properties import Properties

ROOM_BYTES = 128 << 10  # bytes that may wait to be read by the broker: acknowledgements of readings wait behind them
MOST_UNANSWERED = 500  # messages of QoS 1 that the broker has not answered
PUBLISH = 0x30


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that is published.

    Args:
        topic: topic without wildcards.
        payload: payload; an empty one that is retained removes what the broker keeps.
        retained: whether the broker keeps it for those who subscribe later.
        qos: quality of service, 0 or 1.
    """

    topic: str
    payload: bytes
    retained: bool = False
    qos: int = 0


class Line(Protocol):
    """A connection to a broker that comes and goes."""

    five: bool
    answered: int

    @property
    def connections(self) -> int:
        """Number of the connection."""

    @property
    def unsent(self) -> int:
        """Bytes that the broker has not read yet."""

    def next_identifier(self) -> int:
        """An identifier for a message of QoS 1."""

    def send(self, packets: bytes, connection: int) -> None:
        """Send whole packets, unless this connection is gone."""


class Outlet:
    """Publishes over a connection that is there; whatever the broker does not allow is left out or done without.

    Args:
        line: the connection.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._connection: int | None = None
        self._unanswered, self._longest = MOST_UNANSWERED, 0
        self._qos, self._retains = 1, True
        self._sent = self._answered_before = 0  # messages of QoS 1 of this connection, and answers of those before it
        self.wake: Callable[[], object] = lambda: None

    def accept(self, told: Properties | None) -> None:
        """Note that the broker has accepted us, and what it allows."""
        self._unanswered = min(MOST_UNANSWERED, getattr(told, "ReceiveMaximum", MOST_UNANSWERED))
        self._longest = getattr(told, "MaximumPacketSize", 0)
        self._qos = getattr(told, "MaximumQoS", 1)
        self._retains = getattr(told, "RetainAvailable", 1) == 1
        self._sent, self._answered_before = 0, self._line.answered
        self._connection = self._line.connections
        self.wake()

    def lose(self) -> None:
        """Note that the connection is gone."""
        self._connection = None

    @property
    def connection(self) -> int | None:
        """Number of the connection; None while there is none."""
        connection = self._connection
        return connection if connection == self._line.connections else None

    @property
    def has_room(self) -> bool:
        """Whether more may be sent now."""
        return self._line.unsent < ROOM_BYTES and self.room > 0

    @property
    def room(self) -> int:
        """Number of messages of QoS 1 that may be sent until the broker has answered others."""
        return self._unanswered - (self._sent - (self._line.answered - self._answered_before))

    @property
    def is_quiet(self) -> bool:
        """Whether the broker has read everything, and answered what it answers."""
        return not self._line.unsent and self._sent <= self._line.answered - self._answered_before

    def send(self, messages: Sequence[Outgoing], connection: int) -> int:
        """Send messages in their order, unless this connection is gone: then all of them are as if lost on their way.

        Returns:
            Number of those that are larger than the broker allows, and left out.
        """
        sound: list[bytes] = []
        for message in messages:
            packet = self._packet(message)
            if not self._longest or len(packet) <= self._longest:
                sound.append(packet)
                self._sent += min(message.qos, self._qos)  # before they are sent; what is left out is never answered
        self._line.send(b"".join(sound), connection)
        return len(messages) - len(sound)

    def _packet(self, message: Outgoing) -> bytes:
        topic, qos = message.topic.encode(), min(message.qos, self._qos)
        identifier = b""
        if qos:
            identifier = self._line.next_identifier().to_bytes(2, "big")
        properties = b"\0" if self._line.five else b""
        body = b"".join([len(topic).to_bytes(2, "big"), topic, identifier, properties, message.payload])
        first = PUBLISH | qos << 1 | (message.retained and self._retains)
        return b"".join([bytes([first]), length_of(len(body)), body])


def length_of(size: int) -> bytes:
    """The length of what follows, in one to four bytes of seven bits each."""
    digits = bytearray()
    while True:
        size, digit = size >> 7, size & 127
        digits.append(digit | (128 if size else 0))
        if not size:
            return bytes(digits)
