"""What an open page costs the agent beside it: the same stream with and without a viewer, in turns, in one run.

A real agent reads a stream through a real mosquitto and writes to an SQLite store, which the page asks meanwhile for a Chromium
that looks. The figures are the agent's own: processor time for a message, and resident memory.

    python benchmarks/page_beside_agent.py --series 1000 --rounds 4
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from process_figures import cpu_seconds

from edge.agent.counters import Counter
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from tests.support.agent_process import START, Running, baseline_bundle, configure, publish, publisher, release, running
from tests.support.chromium import Tab, browser
from tests.support.servers import Mosquitto, wait_until

ROOT = Path(__file__).parents[1]
STEP = 10 * SECOND  # between two readings of a series
A_ROUND = 12  # readings of each series; with intervals of a minute two forecasts


class Stream:
    """Readings that the agent takes, round by round.

    Args:
        agent: the agent.
        port: port of the broker.
        series: number of series.
    """

    def __init__(self, agent: Running, port: int, series: int) -> None:
        self._agent, self._client, self._series = agent, publisher(port), series
        self._sent = 0

    def round(self, seconds: float) -> float:
        """Send a round's readings within so many seconds; returns the processor time of the agent for a message, µs."""
        pid, before = self._agent.process.process.pid, self._sent
        rows = [
            (f"d{number}.t", START + (self._sent // self._series + turn) * STEP, float((number + turn) % 50))
            for turn in range(A_ROUND)
            for number in range(self._series)
        ]
        began = cpu_seconds(pid)
        publish(self._client, rows, seconds=seconds, qos=0)
        self._sent += len(rows)
        wait_until(lambda: self._agent.number(Counter.MESSAGES) >= self._sent)
        time.sleep(2.0)  # what it still writes
        return (cpu_seconds(pid) - began) / (self._sent - before) * 1e6

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def viewed(config: Path) -> Iterator[None]:
    """A page with a visitor who stays."""
    command = [sys.executable, "-m", "flows.cli", "page", "--config", str(config), "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as page, browser() as tab:
        told = "" if page.stdout is None else page.stdout.readline()
        tab.size(1280, 900).open(told.split(": ", 1)[1].split(",")[0])
        tab.wait("document.querySelectorAll('#app ul.series a').length > 1")
        left = threading.Event()
        looking = threading.Thread(target=_look, args=(tab, left))
        looking.start()
        try:
            yield
        finally:
            left.set()
            looking.join()
            page.terminate()


def _look(tab: Tab, left: threading.Event) -> None:
    """Read what the browser tells, as it stops telling where nobody does."""
    while not left.wait(1.0):
        tab.value("1")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=15.0, help="for each round")
    options = parser.parse_args()
    alone: list[float] = []
    beside: list[float] = []
    memory: list[float] = []
    with tempfile.TemporaryDirectory(prefix="gatecast-beside-") as name, Mosquitto(Path(name) / "broker") as broker:
        folder = Path(name)
        channel = release(folder / "registry", baseline_bundle(Contract(60 * SECOND, 24, 6)))
        config = configure(folder, broker.url, f"sqlite:///{folder}/store.db", channel, max_series=2 * options.series)
        with running(config) as agent:
            stream = Stream(agent, broker.port, options.series)
            stream.round(options.seconds)  # the first one makes all series
            for _ in range(options.rounds):
                alone.append(stream.round(options.seconds))
                memory.append(agent.memory("VmRSS"))
                with viewed(config):
                    beside.append(stream.round(options.seconds))
                memory.append(agent.memory("VmRSS"))
            stream.close()
    ratios = [one / other for one, other in zip(beside, alone, strict=True)]
    print(f"{options.series:,} series; processor time of the agent for a message, µs")
    print(f"alone: {statistics.median(alone):.0f} ({', '.join(f'{value:.0f}' for value in alone)})")
    print(f"beside the page: {statistics.median(beside):.0f} ({', '.join(f'{value:.0f}' for value in beside)})")
    print(f"ratio: {statistics.median(ratios):.3f} ({', '.join(f'{value:.3f}' for value in ratios)})")
    print(f"resident memory of the agent, MB, alone and beside in turns: {', '.join(f'{value:.1f}' for value in memory)}")


if __name__ == "__main__":
    main()
