"""What `[publish]` costs: 10,000 series that close an interval together, with and without it, in turns, in one run.

Engine, store rows and publisher run in this process as they do in the agent, beside a real mosquitto. `loop` is the time that
the loop takes for a forecast: the step, its rows, and leaving the forecasts for the publisher. `all` is the CPU time of the
process for it, with the thread that writes and sends the JSON. Beside it stands the largest pause of the loop that a
forecast of another step would have seen.

    python benchmarks/publishing.py --series 10000 --rounds 6
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.broker.address import Address
from edge.broker.client import Subscription
from edge.broker.subscriber import Subscriber
from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.publish.alerts import Standing
from edge.publish.newest import Newest
from edge.publish.publisher import Publisher, Queue, Told
from edge.publish.record import Record
from edge.publish.settings import Publish
from edge.publish.topics import Plan
from edge.release.ready import open_bundle
from edge.series.engine import Engine
from edge.stores.sqlite import SqliteStore
from edge.stores.store import encode_blocks
from tests.support.agent_process import START, baseline_bundle
from tests.support.servers import Mosquitto, wait_until

MINUTE = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Cost:
    """Times of one forecast, µs.

    Args:
        loop: time of the loop.
        everything: CPU time of the process.
    """

    loop: float
    everything: float


class Bench:
    """An engine with a publisher beside it.

    Args:
        folder: folder for store and record.
        port: port of the broker.
        series: number of series.
        contract: contract of the forecasts.
    """

    def __init__(self, folder: Path, port: int, series: int, contract: Contract) -> None:
        self.series = SeriesTable(f"line{number // 100}.sensor{number % 100}" for number in range(series))
        self._engine = Engine(open_bundle(baseline_bundle(contract)), [], self.series)
        self._store, self._contract = SqliteStore(folder / "store.db"), contract
        self.subscriber = Subscriber(Address("127.0.0.1", port, tls=False, user=None), Subscription("bench", ["nothing"]))
        plan, self.sent = Plan.of(Publish(home_assistant=True), "bench"), 0
        queue = Queue(Newest(plan.settings, self.series), Standing())
        record = Record(folder / "published.json", "bench")
        self.publisher = Publisher(plan, queue, self.series, self.subscriber.outlet, record, Told(sent=self._count))
        self._minute = 0

    def _count(self, number: int) -> None:
        self.sent += number

    def round(self, *, publishes: bool) -> Cost:
        """Close an interval of all series once."""
        count, sent = len(self.series), self.sent
        moments = np.full(count, START + self._minute * MINUTE, np.int64)
        values = np.sin(np.arange(count) + self._minute)
        readings = Readings(np.arange(count, dtype=np.int32), moments, values)
        self._minute += 1
        cpu, begun = time.process_time(), time.perf_counter()
        effect = self._engine.step(readings)
        encode_blocks(self._store, effect.points, self.series)
        if publishes:
            self.publisher.offer(effect.forecasts, self._contract)
        loop = time.perf_counter() - begun
        made = sum(map(len, effect.forecasts))
        if publishes and made:
            wait_until(lambda: self.sent >= sent + made and self.subscriber.outlet.is_quiet)
        return Cost(loop / max(made, 1) * 1e6, (time.process_time() - cpu) / max(made, 1) * 1e6)

    def close(self) -> None:
        """End the threads."""
        self.publisher.stop()
        self.subscriber.stop()
        self._store.close()


def measure(folder: Path, series: int, rounds: int, horizon: int) -> tuple[list[Cost], list[Cost]]:
    """Costs without and with publishing, in turns."""
    with Mosquitto(folder / "broker") as broker:
        bench = Bench(folder, broker.port, series, Contract(MINUTE, 24, horizon))
        bench.publisher.start()
        bench.subscriber.start()
        for _ in range(2):
            bench.round(publishes=False)
        bench.round(publishes=True)  # the first one describes all devices
        costs = [(bench.round(publishes=False), bench.round(publishes=True)) for _ in range(rounds)]
        bench.close()
    without, beside = zip(*costs, strict=True)
    return list(without), list(beside)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=10_000, help="number of series; default: 10000")
    parser.add_argument("--rounds", type=int, default=6, help="intervals with and without; default: 6")
    parser.add_argument("--horizon", type=int, default=24, help="leads of a forecast; default: 24")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        without, beside = measure(Path(folder), options.series, options.rounds, options.horizon)
    for name, costs in (("without", without), ("with", beside)):
        loop, everything = (statistics.median(column) for column in zip(*((c.loop, c.everything) for c in costs), strict=True))
        print(f"{name}: loop {loop:.1f} µs, all {everything:.1f} µs for each of {options.series} forecasts")
    ratio = statistics.median(b.loop / a.loop for a, b in zip(without, beside, strict=True))
    print(f"the loop takes {ratio:.2f} times as long with it (median of {options.rounds} pairs)")


if __name__ == "__main__":
    main()
