"""What a reading costs the agent's process, from the broker's socket to the store, beside other consumers.

    python benchmarks/agent_cpu.py

preloads a persistent session in mosquitto by a process of its own, and then lets each consumer take it: clients that only
receive and acknowledge (the library's, and the agent's with either reader), and the agent with a journal, forecasts, scores
and a store, at several numbers of readings for each closing of an interval. Printed is the CPU time, user and system, of the
consumer's process for each reading, from a tenth of the messages on to the last one, so that starting up is not part of it;
the readings taken in a second; and how long the store took for all rows after the last message was taken.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import paho.mqtt.client as paho
from agent_memory import a_store
from paho.mqtt.enums import CallbackAPIVersion

from edge.agent.counters import Counter, Gauge
from edge.broker.address import Address
from edge.broker.client import Subscription
from edge.broker.subscriber import Subscriber
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import GatecastError
from edge.forecaster.bundle import Bundle
from pipeline.training.architecture import Architecture
from pipeline.training.build import build
from pipeline.training.conversion import convert
from tests.support.agent_process import START, baseline_bundle, configure, release, running
from tests.support.servers import Mosquitto, wait_until
from tests.support.tiny import bundle_of

SERIES = 1000
INFLIGHT = 5000  # messages that the broker sends before one is acknowledged, as in deploy/mosquitto.conf
HEADSTART = 0.1  # share of the messages that is not measured
TICKS = os.sysconf("SC_CLK_TCK")
LEFT = '"unit": "C", "quality": "good", "sensor": "'  # brings a payload to 100 bytes


@dataclass(frozen=True, slots=True)
class Cost:
    """What a consumer took.

    Args:
        cpu: µs of CPU time for each reading.
        rate: readings in a second.
        behind: seconds until the store had everything, after the last message was taken.
    """

    cpu: float
    rate: float
    behind: float = 0.0


def payload_of(moment: int, value: float) -> bytes:
    """About 100 bytes of JSON."""
    text = f'{{"value": {value:.3f}, "time": {moment / SECOND:.3f}, {LEFT}'
    return (text + "x" * (98 - len(text)) + '"}').encode()


def publish_all(port: int, count: int, per_closing: int) -> None:
    """Publish at QoS 1, in packets of our own making, and wait for every acknowledgement; made for a process of its own."""
    interval = 60 * SECOND
    step = interval // per_closing
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.sendall(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x00\x00\x05bench")
        wire.recv(4)
        acknowledged = 0
        for first in range(0, count, 1000):
            wire.sendall(
                b"".join(
                    _packet(place % SERIES, START + place // SERIES * step, 20 + place % 97 / 10, place)
                    for place in range(first, min(first + 1000, count))
                )
            )
            while acknowledged < 4 * (min(first + 1000, count) - 10_000):
                acknowledged += len(wire.recv(65_536))
        while acknowledged < 4 * count:
            acknowledged += len(wire.recv(65_536))
        wire.sendall(b"\xe0\x00")


def _packet(series: int, moment: int, value: float, place: int) -> bytes:
    topic = f"sensors/device{series:04}/temperature".encode()
    body = len(topic).to_bytes(2, "big") + topic + (place % 65_535 + 1).to_bytes(2, "big") + payload_of(moment, value)
    return b"\x32" + bytes([len(body) & 127 | 128, len(body) >> 7]) + body


def preload(port: int, client_id: str, count: int, per_closing: int) -> None:
    """Let the broker keep so many messages for a client."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    client.on_connect = lambda client, *_: client.subscribe("sensors/#", 1)
    client.on_subscribe = lambda client, *_: client.disconnect()
    client.connect("127.0.0.1", port)
    client.loop_forever()
    command = [sys.executable, __file__, "--publish", str(port), str(count), str(per_closing)]
    subprocess.run(command, check=True)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measured(pid: int, taken: Callable[[], float], count: int) -> Cost:
    """Watch a process that takes so many messages."""
    wait_until(lambda: taken() >= count * HEADSTART)
    first, cpu, start = taken(), cpu_seconds(pid), time.monotonic()
    wait_until(lambda: taken() >= count)
    share = count - first
    return Cost((cpu_seconds(pid) - cpu) / share * 1e6, share / (time.monotonic() - start))


@contextmanager
def child(port: int, kind: str) -> Iterator[tuple[int, Callable[[], float]]]:
    """A consumer that only receives, with the number of messages that it has taken."""
    command = [sys.executable, __file__, "--receive", str(port), kind]
    with tempfile.NamedTemporaryFile() as counted, subprocess.Popen([*command, counted.name]) as process:
        try:
            yield process.pid, lambda: float(Path(counted.name).read_text() or 0)
        finally:
            process.terminate()


def receive(port: int, kind: str, counted: str) -> None:
    """Take and acknowledge for ever; the count goes into a file."""
    count, descriptor = 0, os.open(counted, os.O_WRONLY)

    def note() -> None:
        os.pwrite(descriptor, str(count).encode(), 0)

    if kind == "paho":

        def hear(client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
            nonlocal count
            client.ack(message.mid, message.qos)
            count += 1
            if count % 1000 == 0:
                note()

        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="consumer", clean_session=False, manual_ack=True)
        client.on_message = hear
        client.connect("127.0.0.1", port)
        client.loop_forever()
    subscription = Subscription("consumer", ["sensors/#"], library=kind == "library")
    subscriber = Subscriber(Address("127.0.0.1", port, tls=False, user=None), subscription)
    subscriber.start()
    while True:
        messages = subscriber.take(4096, 0.2)
        subscriber.acknowledge(messages)
        count += len(messages)
        note()


def run_agent(folder: Path, broker: Mosquitto, url: str, bundle: Bundle, count: int) -> Cost:
    """The whole agent."""
    config = configure(folder, broker.url, url, release(folder / "registry", bundle), max_series=SERIES)
    with running(config, ready=False) as agent:
        pid = agent.process.process.pid

        def taken() -> float:
            try:
                return agent.number(Counter.MESSAGES)
            except (OSError, GatecastError):
                return 0.0

        cost = measured(pid, taken, count)
        start = time.monotonic()
        wait_until(lambda: agent.number(Gauge.BACKLOG_BYTES) == 0)
        return Cost(cost.cpu, cost.rate, time.monotonic() - start)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=300_000, help="messages for each consumer (default 300,000)")
    parser.add_argument("--store", choices=("sqlite", "influxdb"), nargs="*", default=("sqlite", "influxdb"))
    parser.add_argument("--per-closing", type=int, nargs="*", default=(30, 10, 1), help="readings for each closing")
    parser.add_argument("--forecaster", choices=("baseline", "gru"), default="gru")
    parser.add_argument("--consumer", nargs="*", default=("paho", "library", "reader"))
    parser.add_argument("--publish", type=int, nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--receive", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.publish:
        publish_all(*options.publish)
        return
    if options.receive:
        receive(int(options.receive[0]), *options.receive[1:])
        return
    count = options.messages
    print(f"{count:,} messages of {SERIES:,} series, 100 bytes of JSON, QoS 1")
    print(f"{'consumer':<34}{'µs CPU/reading':>16}{'readings/s':>12}{'store behind, s':>18}", flush=True)
    for kind in options.consumer:
        with preloaded(count, 30, "consumer") as (broker, _), child(broker.port, kind) as (pid, taken):
            show(f"receive only: {kind}", measured(pid, taken, count))
    bundle = bundle_for(options.forecaster)
    for kind in options.store:
        for per_closing in options.per_closing:
            with preloaded(count, per_closing, "agent") as (broker, folder), a_store(kind, folder) as url:
                cost = run_agent(folder / "agent", broker, url, bundle, count)
            show(f"agent, {kind}, {per_closing} per closing", cost)


@contextmanager
def preloaded(count: int, per_closing: int, client_id: str) -> Iterator[tuple[Mosquitto, Path]]:
    """A broker that keeps so many messages for a client, and a folder."""
    with tempfile.TemporaryDirectory(prefix="gatecast-") as name:
        (folder := Path(name) / "agent").mkdir()
        with Mosquitto(folder.parent / "mosquitto", max_inflight_messages=INFLIGHT) as broker:
            preload(broker.port, client_id, count, per_closing)
            yield broker, folder.parent


def show(name: str, cost: Cost) -> None:
    """One line of the table."""
    print(f"{name:<34}{cost.cpu:>16.1f}{cost.rate:>12,.0f}{cost.behind:>18.1f}", flush=True)


def bundle_for(forecaster: str) -> Bundle:
    """A bundle for intervals of a minute; the GRU is of the usual size and has random weights."""
    contract = Contract(60 * SECOND, 96, 24)
    if forecaster == "baseline":
        return baseline_bundle(contract)
    return bundle_of(convert(build(Architecture(), contract, np.full(SERIES, 5.0))), Architecture(), contract)


if __name__ == "__main__":
    main()
