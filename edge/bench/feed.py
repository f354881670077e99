"""A stand-in for the broker: it takes one client, and sends it readings of made-up sensors at QoS 1."""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from select import select
from typing import Self

from edge.contract.times import SECOND

TOPIC = "bench/{device}/{metric}"  # of the rule that takes these readings
INFLIGHT = 5000  # messages that are sent before one is acknowledged
CHUNK = 500  # messages that are sent at once
MORE = '"unit": "C", "quality": "good", "sensor": "'  # brings a payload to its length
CONNECT, PUBACK, SUBSCRIBE, PING, DISCONNECT = 0x10, 0x40, 0x82, 0xC0, 0xE0  # first bytes of what a client sends
ACCEPTED, PONG = b"\x20\x02\x00\x00", b"\xd0\x00"
PUBACK_SIZE = 4  # bytes
AWAKE = 0.2  # seconds, the longest wait
TICK = 0.002  # seconds between two looks at the clock where a rate is kept


@dataclass(frozen=True, slots=True)
class Stream:
    """Readings of made-up sensors, which report in turn, again and again.

    Args:
        series: number of sensors.
        first: number of the first reading that is sent.
        count: number of readings that are sent.
        start: time of reading 0, ns UTC.
        step: time between two readings of a sensor, ns.
        size: length of a payload, bytes.
    """

    series: int
    first: int
    count: int
    start: int
    step: int
    size: int = 100

    def moment(self, number: int) -> int:
        """Time of a reading, ns UTC."""
        return self.start + number // self.series * self.step

    def packets(self, begin: int, end: int) -> bytes:
        """PUBLISH packets of the readings from one number to another."""
        return b"".join(self._packet(number) for number in range(begin, end))

    def _packet(self, number: int) -> bytes:
        text = f'{{"value": {20 + number % 97 / 10:.3f}, "time": {self.moment(number) / SECOND:.3f}, {MORE}'
        topic = f"bench/device{number % self.series:05}/temperature".encode()
        payload = (text + "x" * (self.size - 2 - len(text)) + '"}').encode()
        body = len(topic).to_bytes(2, "big") + topic + (number % 65_535 + 1).to_bytes(2, "big") + payload
        return b"\x32" + bytes([len(body) & 127 | 128, len(body) >> 7]) + body


def name_of(series: int) -> str:
    """Name of the series of a made-up sensor, by its number."""
    return f"device{series:05}.temperature"


class Feed:
    """A server for one client at a time; a context manager.

    The readings begin when the client subscribes. A client that comes again gets all that it has not acknowledged.

    Args:
        stream: the readings.
        rate: readings in a second; 0: as fast as the client takes them.
    """

    def __init__(self, stream: Stream, rate: float = 0.0) -> None:
        self._stream, self._rate = stream, rate
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(AWAKE)
        self._ended = False
        self._thread = threading.Thread(target=self._serve, name="gatecast-feed", daemon=True)
        self.port: int = self._server.getsockname()[1]
        self.acknowledged = 0  # readings

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        while not self._ended:
            with suppress(OSError):  # nobody came, or the client hung up
                client, _ = self._server.accept()
                with client:
                    self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        client.setblocking(False)
        heard, to_send = b"", b""
        begin: float | None = None  # seconds, monotonic: the client has subscribed
        first = sent = self.acknowledged
        while not self._ended:
            if begin is not None and not to_send:
                due = first + int((time.monotonic() - begin) * self._rate) if self._rate else self._stream.count
                due = min(due, sent + CHUNK, self.acknowledged + INFLIGHT, self._stream.count)
                if due > sent:
                    to_send = self._stream.packets(self._stream.first + sent, self._stream.first + due)
                    sent = due
            readable, writable, _ = select([client], [client] if to_send else [], [], TICK if self._rate else AWAKE)
            if writable:
                to_send = to_send[client.send(to_send) :]
            if not readable:
                continue
            if not (data := client.recv(65_536)):
                return
            packets, heard = split(heard + data)
            for packet in packets:
                if packet[0] == PUBACK:
                    self.acknowledged += len(packet) // PUBACK_SIZE
                elif packet[0] == SUBSCRIBE:
                    begin = time.monotonic()
                to_send += answer_to(packet)


def split(stream: bytes) -> tuple[list[bytes], bytes]:
    """Whole packets of a client, acknowledgements in a row as one piece; and the rest."""
    packets: list[bytes] = []
    at = 0
    while at + 1 < len(stream):
        whole = (len(stream) - at) // PUBACK_SIZE * PUBACK_SIZE
        if whole and stream[at : at + whole : PUBACK_SIZE].count(PUBACK) == whole // PUBACK_SIZE:
            packets.append(stream[at : at + whole])
            at += whole
            continue
        length = shift = 0
        for end in range(at + 1, min(at + 5, len(stream))):
            length |= (stream[end] & 127) << shift
            shift += 7
            if stream[end] < 128:
                break
        else:
            break
        if end + 1 + length > len(stream):
            break
        packets.append(stream[at : end + 1 + length])
        at = end + 1 + length
    return packets, stream[at:]


def answer_to(packet: bytes) -> bytes:
    """What a broker answers; nothing to what needs no answer.

    Args:
        packet: whole packet of a client; one that subscribes is shorter than 128 bytes, and names one topic.
    """
    if packet[0] == CONNECT:
        return ACCEPTED
    if packet[0] == SUBSCRIBE:
        return b"\x90\x03" + packet[2:4] + b"\x01"
    return PONG if packet[0] == PING else b""
