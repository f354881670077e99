"""What the chaos benchmark publishes, the connection it goes out on, and whether a store holds exactly that."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import READING, VALUE
from edge.contract.times import SECOND
from edge.stores.store import open_store

START = 1_699_999_200 * SECOND
STEP = SECOND  # between two readings of a series


@dataclass(frozen=True, slots=True)
class Readings:
    """What is published: reading n, for n from 0 on.

    Args:
        count: number of readings.
        series: number of series.
        plain: number of series, the last ones, whose payload has no time.
        start: time of the first one, ns UTC, a whole second.
    """

    count: int
    series: int
    plain: int
    start: int = START

    def packet(self, number: int) -> bytes:
        """PUBLISH of a reading at QoS 1; all are shorter than 128 bytes, which leaves one byte for the length."""
        owner = number % self.series
        if owner < self.series - self.plain:
            topic = f"sensors/d{owner}/value".encode()
            payload = b'{"time":%d,"value":%d}' % (self.start + number // self.series * STEP, number)
        else:
            topic, payload = f"plain/d{owner}/value".encode(), b"%d" % number
        identifier = (number % 65_535 + 1).to_bytes(2, "big")
        return bytes((0x32, 4 + len(topic) + len(payload), 0, len(topic))) + topic + identifier + payload


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the store holds, beside what it should hold, in rows.

    Args:
        lost: readings that are nowhere.
        doubled: rows too many: at a time nothing was sent for, or of a reading that has a row already.
        wrong: rows with the value of another reading, or of none.
    """

    lost: int
    doubled: int
    wrong: int

    @property
    def exact(self) -> bool:
        """Whether every reading is there once with its value."""
        return self == Verdict(0, 0, 0)


def compare(pages: Iterator[Points], names: Sequence[str], sent: Readings) -> Verdict:
    """Hold all rows of `reading` against what was sent.

    Args:
        pages: rows of the store, with the field `value`.
        names: names of the series of those rows; it may grow meanwhile.
        sent: readings that were sent.
    """
    rows = np.zeros(sent.count, np.int64)
    doubled = wrong = 0
    for page in pages:
        owner = np.asarray([int(name.removeprefix("d").removesuffix(".value")) for name in names])[page.series]
        value = page.readings().value
        step, rest = np.divmod(page.time - sent.start, STEP)
        timed = owner < sent.series - sent.plain
        number = np.where(timed, step * sent.series + owner, np.nan_to_num(value, nan=-1.0).astype(np.int64))
        known = (number >= 0) & (number < sent.count) & (number % sent.series == owner) & ((rest == 0) | ~timed)
        rows += np.bincount(number[known], minlength=sent.count)
        doubled += int(np.count_nonzero(~known & timed))
        wrong += int(np.count_nonzero((known & (value != number)) | (~known & ~timed)))
    return Verdict(int(np.count_nonzero(rows == 0)), doubled + int(np.maximum(rows - 1, 0).sum()), wrong)


def check(url: str, sent: Readings) -> Verdict:
    """Read a store back and compare."""
    table = SeriesTable()
    with closing(open_store(url)) as store:
        first, last = store.span() or (0, 0)
        return compare(store.read(READING, [VALUE.name], first, last + 1, table), table.names, sent)


class Packets(Protocol):
    """Messages to publish, in order."""

    def packet(self, number: int) -> bytes:
        """PUBLISH of a message at QoS 1."""


class Publisher:
    """One MQTT connection that sends readings in order and keeps some of them unacknowledged.

    Args:
        port: port of the broker on this machine.
        readings: messages to send.
    """

    def __init__(self, port: int, readings: Packets) -> None:
        self._port, self._readings = port, readings
        self.sent = 0  # readings below this number are sent
        self.acknowledged = 0  # and below this one acknowledged
        self.resume(0)

    def resume(self, first: int) -> None:
        """Connect, and go on with that reading."""
        self.sent = self.acknowledged = first
        self._pending = b""
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        # CONNECT: MQTT 3.1.1, a clean session, no keepalive.
        self._socket.sendall(b"\x10\x12\x00\x04MQTT\x04\x02\x00\x00\x00\x06chaos1")
        answer = self._socket.recv(4)
        if answer != b"\x20\x02\x00\x00":
            raise ConnectionError(f"expected that the broker lets us in, got {answer!r}")

    def send(self, stop: int, *, unacknowledged: int = 1000) -> None:
        """Send on up to a number, and wait until at most so many are not acknowledged."""
        while self.sent < stop or self.sent - self.acknowledged > unacknowledged:
            batch = range(self.sent, min(stop, self.sent + 500))
            self._socket.sendall(b"".join(map(self._readings.packet, batch)))
            self.sent = batch.stop if batch else self.sent
            while self.sent - self.acknowledged > unacknowledged:
                self._take_acknowledgements()

    def _take_acknowledgements(self) -> None:
        received = self._socket.recv(65_536)
        if not received:
            raise ConnectionError("the broker closed the connection")
        data = self._pending + received
        whole = len(data) // 4 * 4
        self._pending = data[whole:]
        packets = np.frombuffer(data[:whole], np.uint8).reshape(-1, 4).astype(np.int64)
        expected = (self.acknowledged + np.arange(len(packets))) % 65_535 + 1
        if not (packets[:, 0] == 0x40).all() or not (packets[:, 2] * 256 + packets[:, 3] == expected).all():
            raise ConnectionError("expected acknowledgements in the order of the messages")
        self.acknowledged += len(packets)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
