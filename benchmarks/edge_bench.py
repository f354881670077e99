"""What the agent takes: CPU time, latency, memory, restart; beside other consumers of the same messages.

    python benchmarks/edge_bench.py
    python benchmarks/edge_bench.py --only agent latency --store sqlite

preloads a persistent session in mosquitto by a process of its own, and lets each consumer take it: clients that only receive
and acknowledge, the agent with journal, forecasts, scores and a store at several numbers of readings for each closing of an
interval, the two ways of the tutorials, and Telegraf where it is on the PATH. Marginal costs: the first tenth of the messages
is not measured, so starting up is not part of them. The agent's figures come from within, by stage, and include what is done
until the store has everything; those of the others are the CPU time of their process.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from agent_memory import a_store
from edge_consumers import BUCKET, consumer, save_models, telegraf
from edge_load import preloaded, publishing
from process_figures import cpu_seconds

from edge.bench.course import Job, Outcome
from edge.bench.device import Device, Load, put_live, run_course
from edge.bench.feed import TOPIC, Stream
from edge.bench.stages import Stage
from edge.config.sections import Agent, Config, Mqtt, StoreSection
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.bundle import Bundle
from edge.messages.rule import IngestRule
from pipeline.training.architecture import Architecture
from pipeline.training.build import build
from pipeline.training.conversion import convert
from tests.support.agent_process import START, baseline_bundle
from tests.support.servers import Influx, Mosquitto, wait_until
from tests.support.tiny import bundle_of

PARTS = ("receive", "agent", "latency", "memory", "restart", "keras", "tflite", "telegraf")
SERIES = 1000
INTERVAL = 60 * SECOND
UNMEASURED = 0.1  # share of the messages
SIZES = (100, 1_000, 10_000, 100_000)
RESTARTED = 10_000  # series
SLOW = {"keras": 300, "tflite": 3000}  # messages for those that take milliseconds for each


class Bench:
    """The measurements, with what they share.

    Args:
        options: parsed options.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._bundles: dict[int, Bundle] = {}

    def stream(self, count: int, per_closing: int) -> Stream:
        """Readings of all sensors, so many in each interval."""
        return Stream(self._options.series, 0, count, START, INTERVAL // per_closing, self._options.payload)

    def bundle(self, window: int) -> Bundle:
        """A GRU of the usual size with random weights, or a baseline."""
        contract = Contract(INTERVAL, window, 24)
        if self._options.forecaster == "baseline":
            return baseline_bundle(contract)
        if window not in self._bundles:
            network = build(Architecture(), contract, np.full(self._options.series, 5.0))
            self._bundles[window] = bundle_of(convert(network), Architecture(), contract)
        return self._bundles[window]

    def receive(self) -> None:
        """Clients that only receive and acknowledge."""
        count = self._options.messages
        for kind, title in (("paho", "paho, receive only"), ("subscriber", "this agent's subscriber alone")):
            with preloaded(self.stream(count, 30), "consumer") as (broker, _), consumer(kind, broker.port) as (pid, taken):
                _show(title, *_measured(pid, taken, count))

    def agent(self) -> None:
        """The whole agent."""
        for kind in self._options.store:
            for per_closing in self._options.per_closing:
                stream = self.stream(self._options.messages, per_closing)
                with preloaded(stream, "agent") as (broker, folder), a_store(kind, folder) as url:
                    outcome = run_course(self._job(folder, broker, url, stream), folder / "log")
                self._show_agent(f"agent, {kind}, {per_closing} readings per closing", outcome)

    def latency(self) -> None:
        """The agent at a given rate."""
        rate = self._options.rate
        for kind in self._options.store:
            stream = self.stream(rate * self._options.seconds, self._options.per_closing[0])
            with preloaded(self.stream(0, 1), "agent") as (broker, folder), a_store(kind, folder) as url:
                log, job = folder / "log", self._job(folder, broker, url, stream)
                with ThreadPoolExecutor(1) as pool:
                    running = pool.submit(run_course, job, log)
                    # What is published before the agent is there waits, and would count as latency.
                    wait_until(lambda log=log: log.exists() and b"connected" in log.read_bytes())  # type: ignore[misc]
                    publishing(broker.port, stream, rate).wait()
                    outcome = running.result()
            committed, visible = (_milliseconds(waits) for waits in (outcome.waits, outcome.visible))
            print(f"latency, {kind}, {rate:,} readings/s: committed {committed}, in the store {visible}", flush=True)

    def memory(self) -> None:
        """Resident memory by number of series: windows full, one interval of all closed."""
        for size in self._options.sizes:
            with tempfile.TemporaryDirectory() as name, Device(Config(), self.bundle(168), Path(name)) as device:
                now, peak = device.memory(size).resident
            print(f"memory, {size:,} series, window 168: {now:.0f} MB resident, {peak:.0f} MB peak", flush=True)

    def restart(self) -> None:
        """From the start of the program to the first forecast."""
        for window in (168, 672):
            with tempfile.TemporaryDirectory() as name, Device(Config(), self.bundle(window), Path(name)) as device:
                device.speed(Load(RESTARTED, 1), RESTARTED)
                seconds = [device.restart() for _ in range(3)]
            print(f"restart, {RESTARTED:,} series, window {window}: {min(seconds):.2f} s to the first forecast", flush=True)

    def tutorial(self, kind: str) -> None:
        """What most people begin with."""
        count = SLOW[kind]
        with preloaded(self.stream(count, 30), "consumer") as (broker, folder), Influx(folder / "influx") as influx:
            influx.create(BUCKET)
            keras, tflite = save_models(folder)
            model = keras if kind == "keras" else tflite
            with consumer(kind, broker.port, influx.url, str(model)) as (pid, taken):
                _show(f"tutorial, {kind}, a forecast per reading", *_measured(pid, taken, count))

    def telegraf(self) -> None:
        """Telegraf, which forecasts nothing."""
        if shutil.which("telegraf") is None:
            print("telegraf: skipped, it is not on the PATH", flush=True)
            return
        count = self._options.messages
        stream = self.stream(count, 30)
        with preloaded(stream, "consumer") as (broker, folder), telegraf(folder, broker.port, None) as (pid, taken):
            _show("telegraf, file", *_measured(pid, taken, count))
        with preloaded(stream, "consumer") as (broker, folder), Influx(folder / "influx") as influx:
            influx.create(BUCKET)

            def stored() -> float:
                rows = influx.query(BUCKET, "SELECT count(value) FROM mqtt_consumer")
                return float(rows[0]["count"]) if rows else 0.0

            with telegraf(folder, broker.port, influx.engine.port) as (pid, _):
                _show("telegraf, influxdb", *_measured(pid, stored, count, pause=1.0))

    def _job(self, folder: Path, broker: Mosquitto, url: str, stream: Stream) -> Job:
        put_live(self.bundle(168), folder / "state")
        agent = Agent(state=str(folder / "state"), clock="event", health="off", report="1h")
        mqtt = Mqtt(broker.url, "agent", reader=self._options.reader)
        config = Config(mqtt, (IngestRule(TOPIC),), StoreSection(url), agent=agent)
        history = self._options.series, START, INTERVAL
        return Job(config, stream.count, int(UNMEASURED * stream.count), *history, stored=True)

    def _show_agent(self, title: str, outcome: Outcome) -> None:
        cpu = outcome.cpu
        _show(title, sum(cpu.values()), outcome.readings / outcome.seconds, outcome.readings / outcome.stored)
        print("    " + ", ".join(f"{stage.name.lower()} {cpu[stage.name.lower()]:.1f}" for stage in Stage), flush=True)


def _measured(pid: int, taken: Callable[[], float], count: int, pause: float = 0.02) -> tuple[float, float]:
    """µs of CPU time for each message, and messages in a second, of a process that takes so many."""
    wait_until(lambda: taken() >= count * UNMEASURED, pause=pause)
    first, cpu, start = taken(), cpu_seconds(pid), time.monotonic()
    wait_until(lambda: taken() >= count, pause=pause)
    share = count - first
    return (cpu_seconds(pid) - cpu) / share * 1e6, share / (time.monotonic() - start)


def _milliseconds(waits: tuple[float, float] | None) -> str:
    return "-" if waits is None else f"p50 {waits[0] * 1000:.0f} ms, p99 {waits[1] * 1000:.0f} ms"


def _show(title: str, cpu: float, taken: float, stored: float | None = None) -> None:
    text = "" if stored is None else f"{stored:>14,.0f}"
    print(f"{title:<44}{cpu:>12,.1f}{1e6 / cpu:>14,.0f}{taken:>14,.0f}{text}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, nargs="*", default=PARTS, help="parts to measure (default: all)")
    parser.add_argument("--messages", type=int, default=300_000, help="messages for each consumer (default: 300,000)")
    parser.add_argument("--series", type=int, default=SERIES, help="number of sensors (default: 1,000)")
    parser.add_argument("--payload", type=int, default=100, help="bytes of a message (default: 100)")
    parser.add_argument("--per-closing", type=int, nargs="*", default=(30, 10, 1), help="readings of a sensor per interval")
    parser.add_argument("--store", choices=("sqlite", "influxdb"), nargs="*", default=("sqlite", "influxdb"))
    parser.add_argument("--forecaster", choices=("baseline", "gru"), default="gru")
    parser.add_argument("--reader", choices=("gatecast", "paho"), default="gatecast", help="what reads the agent's messages")
    parser.add_argument("--rate", type=int, default=10_000, help="readings a second for the latency (default: 10,000)")
    parser.add_argument("--seconds", type=int, default=20, help="time at that rate (default: 20)")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="numbers of series for the memory")
    options = parser.parse_args()
    bench = Bench(options)
    print(f"{options.messages:,} messages of {options.series:,} series, {options.payload} bytes of JSON, QoS 1")
    print(f"{'consumer':<44}{'µs/reading':>12}{'1/s and core':>14}{'taken 1/s':>14}{'stored 1/s':>14}", flush=True)
    for part in options.only:
        if part in SLOW:
            bench.tutorial(part)
        else:
            getattr(bench, part)()


if __name__ == "__main__":
    main()
