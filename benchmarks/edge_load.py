"""What the consumers of `edge_bench.py` are given: readings that mosquitto keeps, published by another process."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.bench.feed import Stream
from tests.support.servers import Mosquitto

FILTER = "bench/#"
INFLIGHT = 5000  # messages that the broker sends before one is acknowledged, as in deploy/mosquitto.conf
AHEAD = 10_000  # messages that are published before one is acknowledged
CHUNK = 1000  # messages that are published at once
PACED = 100  # the same where a rate is kept
PUBACK_SIZE = 4  # bytes
CONNECT = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x00\x00\x05bench"


def publish(port: int, stream: Stream, rate: float) -> None:
    """Publish all readings at QoS 1, and wait until the broker has them.

    Args:
        port: port of the broker.
        stream: the readings.
        rate: readings a second; 0: as fast as possible.
    """
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.sendall(CONNECT)
        wire.recv(4)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        acknowledged, begin, size = 0, time.monotonic(), PACED if rate else CHUNK
        for first in range(0, stream.count, size):
            last = min(first + size, stream.count)
            if rate:
                time.sleep(max(0.0, begin + last / rate - time.monotonic()))
            wire.sendall(stream.packets(first, last))
            while acknowledged < PUBACK_SIZE * (last - AHEAD):
                acknowledged += len(wire.recv(65_536))
        while acknowledged < PUBACK_SIZE * stream.count:
            acknowledged += len(wire.recv(65_536))
        wire.sendall(b"\xe0\x00")


def publishing(port: int, stream: Stream, rate: float = 0.0) -> subprocess.Popen[bytes]:
    """The same in a process of its own."""
    return subprocess.Popen([sys.executable, __file__, str(port), msgspec.json.encode(stream).decode(), str(rate)])


def subscribe(port: int, client_id: str) -> None:
    """Let the broker keep messages for a client from now on."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    client.on_connect = lambda client, *_: client.subscribe(FILTER, 1)
    client.on_subscribe = lambda client, *_: client.disconnect()
    client.connect("127.0.0.1", port)
    client.loop_forever()


@contextmanager
def preloaded(stream: Stream, client_id: str) -> Iterator[tuple[Mosquitto, Path]]:
    """A broker that keeps a stream for a client, and a folder."""
    with tempfile.TemporaryDirectory(prefix="gatecast-") as name:
        folder = Path(name)
        with Mosquitto(folder / "mosquitto", max_inflight_messages=INFLIGHT) as broker:
            subscribe(broker.port, client_id)
            if publishing(broker.port, stream).wait():
                raise RuntimeError("the readings could not be published")
            yield broker, folder


if __name__ == "__main__":
    publish(int(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=Stream), float(sys.argv[3]))
