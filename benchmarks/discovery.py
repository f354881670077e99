"""How much of a broker full of mixed devices is forecast without a rule written by hand, and how long that takes.

    python benchmarks/discovery.py --speed 20 --listen 40 --seconds 120

Starts mosquitto and the simulated house (500 topics), lets `gatecast init --discover` write the configuration, sets an
interval of 10 s in it, and starts `gatecast-agent run` after `gatecast promote last_value`, as there is no history yet. The
answer is the share of the measured numbers whose series is forecast, and the same with what devices tell of themselves. A
number counts if the rules give it a series that no other number shares, its readings have the value that was published, and
the store holds a forecast of it.

`--prefix a/b/c/` moves all topics so far that no preset is found and every rule has to be made from the messages alone.
`--keep` leaves the folder with configuration, store and logs.
"""

import argparse
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from simulate_broker import publish
from simulated_house import fleet
from simulated_messages import Published

from edge.broker.address import Address
from edge.config.reading import read_config
from edge.messages.reading import make_ingests, read_message
from tests.support.servers import Mosquitto, free_port

ROOT = Path(__file__).parents[1]
FLEET = {"interval": '"10s"', "window": "30", "horizon": "6"}  # of `[fleet]`
ENOUGH = 0.95  # share of the measured numbers
MOST_KEPT = 40  # messages of a topic, in which every sensor that shares it has its turn


@dataclass
class Heard:
    """What was published while the agent listened.

    Args:
        messages: messages with numbers, a few of each topic.
        measured: names of the numbers that were measured.
        housekeeping: numbers that devices tell of themselves.
    """

    messages: dict[str, list[Published]] = field(default_factory=lambda: defaultdict(list))
    measured: set[str] = field(default_factory=set)
    housekeeping: set[str] = field(default_factory=set)

    def add(self, message: Published) -> None:
        """Take a message that was published."""
        if message.measured or message.housekeeping:
            kept = self.messages[message.topic]
            if len(kept) < MOST_KEPT:
                kept.append(message)
            self.measured.update(message.measured)
            self.housekeeping.update(message.housekeeping)


Readings = Sequence[tuple[str, float]]
SCALES = (1.0, 0.1, 0.001)  # a rule may turn tenths and thousandths into the unit itself


def series_of(messages: Iterable[Published], read: Callable[[Published], Readings]) -> dict[str, str]:
    """The series of each number: the one whose reading had the number's value in every message, shared with no other number.

    Args:
        messages: messages with numbers.
        read: function that gives the series and values of the readings in a message.
    """
    candidates: dict[str, set[tuple[str, float]]] = {}
    for message in messages:
        readings = read(message)
        for name, value in [*message.measured.items(), *message.housekeeping.items()]:
            same = {
                (series, scale)
                for series, number in readings
                for scale in SCALES
                if abs(number - value * scale) <= 1e-9 * max(1.0, abs(value))
            }
            candidates[name] = candidates[name] & same if name in candidates else same
    certain = {name: min(of)[0] for name, of in candidates.items() if len({series for series, _ in of}) == 1}
    shared = Counter(certain.values())
    return {name: series for name, series in certain.items() if shared[series] == 1}


def release_a_baseline(folder: Path) -> None:
    """Promote the last value, as somebody does who has no history yet and wants short intervals."""
    path = folder / "gatecast.toml"
    text = path.read_text("utf-8")
    for key, value in FLEET.items():
        text = re.sub(rf"(?m)^# {key} = .*$", f"{key} = {value}", text)
    path.write_text(text, "utf-8")
    subprocess.run([program("gatecast"), "promote", "last_value"], cwd=folder, env=environment(), check=True)


def forecast_series(store: Path) -> set[str]:
    """Names of the series that have a forecast; none before the agent has made the table."""
    if not store.exists():
        return set()
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection, suppress(sqlite3.OperationalError):
        query = "SELECT name FROM series WHERE id IN (SELECT DISTINCT series FROM forecast)"
        return {name for (name,) in connection.execute(query)}
    return set()


def program(name: str) -> str:
    """Path of one of our programs, beside this Python."""
    return str(Path(sys.executable).with_name(name))


def discover(folder: Path, broker: str, seconds: float) -> float:
    """Let the configuration be written; returns how many seconds that took."""
    started = time.monotonic()
    command = [program("gatecast"), "init", "--discover", "--broker", broker, "--seconds", f"{seconds:g}"]
    subprocess.run(command, cwd=folder, env=environment(), check=True)
    took = time.monotonic() - started
    path = folder / "gatecast.toml"
    # Another agent may run on this machine.
    path.write_text(path.read_text("utf-8").replace("127.0.0.1:9273", f"127.0.0.1:{free_port()}"), "utf-8")
    return took


def environment() -> dict[str, str]:
    """Ours, with the clone's packages."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def run_agent(folder: Path, seconds: float) -> list[tuple[float, set[str]]]:
    """Run the agent; returns the series with forecasts each second, with the seconds since its start."""
    seen: list[tuple[float, set[str]]] = []
    with (folder / "agent.log").open("wb") as log:
        agent = subprocess.Popen(
            [program("gatecast-agent"), "run"], cwd=folder, env=environment(), stdout=log, stderr=log, start_new_session=True
        )
        try:
            started = time.monotonic()
            while time.monotonic() - started < seconds:
                time.sleep(1.0)
                if agent.poll() is not None:
                    raise SystemExit(f"the agent ended: {(folder / 'agent.log').read_text()[-2000:]}")
                seen.append((time.monotonic() - started, forecast_series(folder / "gatecast.db")))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(agent.pid, signal.SIGINT)
            agent.wait(60)
    return seen


def share(names: Iterable[str], series: dict[str, str], forecast: set[str]) -> float:
    """Share of the numbers whose series is forecast."""
    counted = [series.get(name) in forecast for name in names]
    return sum(counted) / len(counted) if counted else 0.0


def tell(heard: Heard, series: dict[str, str], seen: list[tuple[float, set[str]]], took: float) -> None:
    """Print the shares, the time to enough of them, and what is missing of each kind."""
    forecast = seen[-1][1]
    reached = next((moment for moment, names in seen if share(heard.measured, series, names) >= ENOUGH), None)
    print(f"discovery wrote the configuration in {took:.0f} s")
    print(f"measured numbers: {len(heard.measured):,}, forecast {share(heard.measured, series, forecast):.1%}")
    everything = heard.measured | heard.housekeeping
    print(f"with what devices tell of themselves: {len(everything):,}, forecast {share(everything, series, forecast):.1%}")
    when = f"{reached:.0f} s after the agent's start, {took + reached:.0f} s in all" if reached is not None else "not reached"
    print(f"{ENOUGH:.0%} of the measured numbers: {when}")
    kinds = {message.topic: device.kind for device in fleet() for message in device.report(time.time())}
    print(f"{'kind':<18}{'numbers':>8}{'with a series':>15}{'forecast':>10}")
    by_kind: dict[str, list[str]] = defaultdict(list)
    for name in sorted(heard.measured):
        topic = max((topic for topic in kinds if name.startswith(topic)), key=len)
        by_kind[kinds[topic]].append(name)
    for kind, names in by_kind.items():
        known = sum(name in series for name in names)
        print(f"{kind:<18}{len(names):>8}{known:>15}{sum(series.get(name) in forecast for name in names):>10}")
        missing = [name for name in names if series.get(name) not in forecast]
        if missing:
            print(f"    missing, for example: {', '.join(missing[:3])}")


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", type=float, default=20.0, help="how much quicker than real devices (default: %(default)g)")
    parser.add_argument("--listen", type=float, default=30.0, help="seconds that discovery listens (default: %(default)g)")
    parser.add_argument("--seconds", type=float, default=90.0, help="seconds that the agent runs (default: %(default)g)")
    parser.add_argument("--prefix", default="", help="text before every topic, such as a/b/c/, so that no preset is found")
    parser.add_argument("--keep", action="store_true", help="leave the folder with configuration, store and logs")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gatecast-discovery-"))
    heard, listening, stopped = Heard(), threading.Event(), threading.Event()

    def note(message: Published) -> None:
        if listening.is_set():
            heard.add(message)

    with Mosquitto(folder / "broker") as broker:
        length = options.listen + options.seconds + 600
        house = threading.Thread(
            target=publish,
            args=(Address.parse(broker.url), length, options.speed, note),
            kwargs={"prefix": options.prefix, "stopped": stopped},
        )
        house.start()
        try:
            took = discover(folder, broker.url, options.listen)
            release_a_baseline(folder)
            listening.set()
            seen = run_agent(folder, options.seconds)
            listening.clear()
        finally:
            stopped.set()
            house.join()
    ingests = make_ingests(read_config(folder / "gatecast.toml").ingest)

    def read(message: Published) -> Readings:
        rows = read_message(ingests, message.topic, message.payload, time.time_ns()).rows
        return [(source.name, value) for source, _, value in rows]

    series = series_of((message for kept in heard.messages.values() for message in kept), read)
    tell(heard, series, seen, took)
    if options.keep:
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
