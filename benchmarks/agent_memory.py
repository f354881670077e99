"""How much memory the agent takes with 10,000 series and a window of 96 hours, for both stores and both kinds of bundle.

    python benchmarks/agent_memory.py

starts a broker, a store that holds the hours before, and `gatecast-agent run`, which fills its windows from the store. Then
every series publishes a reading an hour, so that all of them close an interval at once, and every closing is forecast 24
hours ahead. Printed is the resident memory when all windows are full, the largest after a closing, and the peak
(`VmHWM`). The GRU has random weights and knows every series. `--published 97` sends the whole history through the broker.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np

from edge.agent.counters import Counter, Gauge
from edge.contract.columns import Float64, Points, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.bundle import Bundle
from edge.forecaster.model import Model
from edge.stores.store import encode_blocks, open_store
from pipeline.release.parity import golden
from pipeline.training.architecture import Architecture
from pipeline.training.build import build
from pipeline.training.conversion import convert
from tests.support.agent_process import Running, baseline_bundle, configure, hang_up, publish, publisher, release, running
from tests.support.servers import Influx, Mosquitto, wait_until
from tests.support.tiny import bundle_of

SERIES = 10_000
CONTRACT = Contract(interval=3600 * SECOND, window=96, horizon=24)
START = 1_789_999_200 * SECOND
PATIENCE = 600.0  # seconds for one closing of all series
NAMES = [f"device{number}.temperature" for number in range(SERIES)]


def value_of(hour: int) -> Float64:
    """Readings of all series in that hour: a day's wave at a level of its own."""
    place = np.arange(SERIES)
    values: Float64 = np.round(20 + place % 50 + 5 * np.sin(hour * np.pi / 12 + place), 3)
    return values


def gru_bundle() -> Bundle:
    """A GRU of the usual size for all series, with golden forecasts of its own."""
    network = build(Architecture(), CONTRACT, np.full(SERIES, 5.0))
    made = bundle_of(convert(network), Architecture(), CONTRACT)
    manifest = msgspec.structs.replace(made.manifest, series=NAMES)
    windows = np.stack([value_of(hour)[:16] for hour in range(CONTRACT.window)], axis=1)
    chosen = golden(Model(Bundle(manifest, made.model)), windows, np.arange(16, dtype=np.int32))
    return Bundle(msgspec.structs.replace(manifest, golden=chosen), made.model)


def write_history(url: str, hours: int) -> None:
    """Put the readings of the first hours into a store."""
    store, table = open_store(url), SeriesTable(NAMES)
    owners = np.arange(SERIES, dtype=np.int32)
    for hour in range(hours):
        moment = np.full(SERIES, START + hour * CONTRACT.interval)
        for block in encode_blocks(store, [Points.of_readings(Readings(owners, moment, value_of(hour)))], table):
            store.write(block)
    store.close()


def close_all(agent: Running, port: int, first: int, hours: int) -> Iterator[float]:
    """Publish hour by hour; MB resident after each."""
    client = publisher(port)
    for hour in range(first, first + hours):
        moment, values = START + hour * CONTRACT.interval, value_of(hour).tolist()
        publish(client, [(name, moment, value) for name, value in zip(NAMES, values, strict=True)])
        wanted = (hour - first + 1) * SERIES

        def settled(wanted: int = wanted) -> bool:
            return agent.number(Counter.MESSAGES) >= wanted and agent.number(Gauge.BACKLOG_BYTES) == 0

        wait_until(settled, seconds=PATIENCE, what="taking an hour of readings")
        yield agent.memory("VmRSS")
    hang_up(client)


@contextmanager
def a_store(kind: str, folder: Path) -> Iterator[str]:
    """URL of an empty store."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/store.db"
        return
    with Influx(folder / "influx") as server:
        server.create("memory")
        yield server.store_url("memory")


def measure(kind: str, bundle: Bundle, published: int) -> tuple[float, float, float, float]:
    """MB: resident with full windows, largest after a closing, peak; and the forecasts made per published reading."""
    with tempfile.TemporaryDirectory(prefix="gatecast-") as name:
        folder = Path(name)
        with Mosquitto(folder / "mosquitto") as broker, a_store(kind, folder) as url:
            before = CONTRACT.window + 1 - published
            write_history(url, max(0, before))
            config = configure(folder, broker.url, url, release(folder / "registry", bundle), max_series=SERIES)
            with running(config, ready=False) as agent:
                wait_until(lambda: agent.health()[0] == 200, seconds=PATIENCE, what="filling the windows")
                idle = agent.memory("VmRSS")
                most = max(close_all(agent, broker.port, max(0, before), published))
                made = agent.number(Counter.FORECASTS)
                return idle, most, agent.memory("VmHWM"), made / (published * SERIES)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=int, default=4, help="hours that come through the broker (default 4)")
    parser.add_argument("--store", choices=("sqlite", "influxdb"), nargs="*", default=("sqlite", "influxdb"))
    parser.add_argument("--forecaster", choices=("baseline", "gru"), nargs="*", default=("baseline", "gru"))
    options = parser.parse_args()
    bundles = {"baseline": baseline_bundle(CONTRACT)}
    if "gru" in options.forecaster:
        bundles["gru"] = gru_bundle()
    print(f"{SERIES:,} series, window {CONTRACT.window}, horizon {CONTRACT.horizon}; MB")
    print(f"{'store':<10}{'forecaster':<12}{'windows full':>14}{'after closing':>15}{'peak':>8}{'forecasts/reading':>19}")
    for kind in options.store:
        for forecaster in options.forecaster:
            idle, most, peak, share = measure(kind, bundles[forecaster], options.published)
            print(f"{kind:<10}{forecaster:<12}{idle:>14.1f}{most:>15.1f}{peak:>8.1f}{share:>19.2f}", flush=True)


if __name__ == "__main__":
    main()
