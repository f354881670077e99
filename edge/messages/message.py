"""One MQTT message as it arrived, and what may take it beside the readings."""

from dataclasses import dataclass
from typing import Protocol

import msgspec

LONGEST_TOPIC = 1024  # bytes in memory that a rule can take; names are kept for every series


class Message(msgspec.Struct, frozen=True, gc=False):  # one is made per message: a dataclass takes five times as long
    """One message as it came.

    Args:
        topic: topic that it was published to; only its beginning where it is too long for any rule.
        payload: its bytes; only the first ones where it is too large to be a reading.
        arrival: time of arrival, ns UTC.
        retained: whether the broker had kept it; its age is unknown.
        mid: packet identifier to acknowledge.
        qos: 0, 1 or 2.
        session: number of the connection it came over; over another one its identifier may mean another message.
        dup: whether the broker sent it before, under the same identifier.
        subscriptions: identifiers of our subscriptions for which the broker sent it; none where we asked for none.
    """

    topic: str
    payload: bytes
    arrival: int
    retained: bool
    mid: int
    qos: int
    session: int
    dup: bool = False
    subscriptions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a message came that carries no time of its own.

    Args:
        mid: packet identifier; there are 65,535, and the newest message of each is remembered.
        digest: hash of topic and payload, so that another message with the same identifier is recognised as another.
        time: time of the first delivery, ns UTC.
    """

    mid: int
    digest: bytes
    time: int


class Beside(Protocol):
    """Takes messages that are not readings alone."""

    def take(self, message: Message) -> bool:
        """Take a message; returns whether its topic is one of these.

        Raises:
            PayloadError: it is, and there is nothing in the message.
        """

    def shares(self, topic: str) -> bool:
        """Whether messages of a topic are readings as well, where a rule takes them."""


class NobodyBeside:
    """Every message is a reading."""

    def take(self, message: Message) -> bool:
        """As `Beside.take`."""
        del message
        return False

    def shares(self, topic: str) -> bool:
        """As `Beside.shares`."""
        del topic
        return False
