"""How much memory the agent takes with 10,000 series and a window of 96 intervals, for both stores and both kinds of bundle.

    python benchmarks/agent_memory.py
    python benchmarks/agent_memory.py --window 672 --horizon 96 --clock wall

starts a broker, a store that holds the intervals before, and `gatecast-agent run`, which fills its windows from the store. Then
every series publishes a reading in each interval, and every closing is forecast. By the time of the readings the next reading
of a series closes its interval; by the clock all series close together. Printed is the resident memory when all windows are
full, the largest after a closing, the peak (`VmHWM`), and what `gatecast-agent check` says of the series without the program
and the model. The GRU has random weights and knows every series. `--published 97` sends the whole history through the broker;
`--history 5` leaves most of the windows empty, as memory does not depend on it.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from agent_history import Plan, value_of, write_history

from edge.agent.counters import Counter, Gauge
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.bundle import Bundle
from edge.forecaster.model import Model
from edge.release.capacity import Fleet, need
from pipeline.release.parity import golden
from pipeline.training.architecture import Architecture
from pipeline.training.build import build
from pipeline.training.conversion import convert
from tests.support.agent_process import Running, baseline_bundle, configure, hang_up, publish, publisher, release, running
from tests.support.servers import Influx, Mosquitto, wait_until
from tests.support.tiny import bundle_of

PATIENCE = 600.0  # seconds for one closing of all series


def gru_bundle(plan: Plan) -> Bundle:
    """A GRU of the usual size for all series, with golden forecasts of its own."""
    network = build(Architecture(), plan.contract, np.full(plan.series, 5.0))
    made = bundle_of(convert(network), Architecture(), plan.contract)
    manifest = msgspec.structs.replace(made.manifest, series=plan.names)
    windows = np.stack([value_of(16, hour) for hour in range(plan.contract.window)], axis=1)
    chosen = golden(Model(Bundle(manifest, made.model)), windows, np.arange(16, dtype=np.int32))
    return Bundle(msgspec.structs.replace(manifest, golden=chosen), made.model)


def close_all(agent: Running, port: int, plan: Plan) -> Iterator[float]:
    """Publish interval by interval; MB resident after each."""
    client, before = publisher(port), agent.number(Counter.FORECASTS) + agent.number(Counter.FALLBACK_FORECASTS)
    for number in range(plan.published):
        moment, values = plan.start + (plan.history + number) * plan.contract.interval, value_of(plan.series, number).tolist()
        if plan.clock == "wall":
            moment = time.time_ns()
        publish(client, [(name, moment, value) for name, value in zip(plan.names, values, strict=True)])
        wanted = (number + 1) * plan.series

        def settled(wanted: int = wanted) -> bool:
            made = agent.number(Counter.FORECASTS) + agent.number(Counter.FALLBACK_FORECASTS) - before
            closed = plan.clock == "event" or made >= wanted
            return closed and agent.number(Counter.MESSAGES) >= wanted and agent.number(Gauge.BACKLOG_BYTES) == 0

        wait_until(settled, seconds=PATIENCE, what="taking an interval of readings")
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


def measure(kind: str, bundle: Bundle, plan: Plan) -> tuple[float, float, float, float]:
    """MB: resident with full windows, largest after a closing, peak; and the forecasts made per published reading."""
    with tempfile.TemporaryDirectory(prefix="gatecast-") as name:
        folder = Path(name)
        with Mosquitto(folder / "mosquitto") as broker, a_store(kind, folder) as url:
            write_history(url, plan)
            channel = release(folder / "registry", bundle)
            config = configure(folder, broker.url, url, channel, max_series=2 * plan.series, clock=plan.clock)
            with running(config, ready=False) as agent:
                wait_until(lambda: agent.health()[0] == 200, seconds=PATIENCE, what="filling the windows")
                idle = agent.memory("VmRSS")
                most = max(close_all(agent, broker.port, plan))
                made = agent.number(Counter.FORECASTS)
                return idle, most, agent.memory("VmHWM"), made / (plan.published * plan.series)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=10_000, help="number of series (default 10000)")
    parser.add_argument("--window", type=int, default=96, help="intervals of a window (default 96)")
    parser.add_argument("--horizon", type=int, default=24, help="intervals of a forecast (default 24)")
    parser.add_argument("--clock", choices=("event", "wall"), default="event", help="what closes intervals (default event)")
    parser.add_argument("--history", type=int, help="intervals that the store holds at the start (default: the window)")
    parser.add_argument("--published", type=int, default=4, help="intervals that come through the broker (default 4)")
    parser.add_argument("--store", choices=("sqlite", "influxdb"), nargs="*", default=("sqlite", "influxdb"))
    parser.add_argument("--forecaster", choices=("baseline", "gru"), nargs="*", default=("baseline", "gru"))
    options = parser.parse_args()
    # By the clock every interval takes its time.
    contract = Contract(
        interval=(15 if options.clock == "wall" else 3600) * SECOND, window=options.window, horizon=options.horizon
    )
    print(f"{options.series:,} series, window {contract.window}, horizon {contract.horizon}, clock {options.clock}; MB")
    print(f"the series by the formula: {need(contract, Fleet(options.series)) / 2**20:.0f}")
    print(f"{'store':<10}{'forecaster':<12}{'windows full':>14}{'after closing':>15}{'peak':>8}{'forecasts/reading':>19}")
    for kind in options.store:
        for forecaster in options.forecaster:
            history = options.history or max(0, contract.window + 1 - options.published)
            start = time.time_ns() // contract.interval * contract.interval - (history + 2) * contract.interval
            plan = Plan(options.series, contract, start, history, options.published, options.clock)
            bundle = gru_bundle(plan) if forecaster == "gru" else baseline_bundle(contract)
            idle, most, peak, share = measure(kind, bundle, plan)
            print(f"{kind:<10}{forecaster:<12}{idle:>14.1f}{most:>15.1f}{peak:>8.1f}{share:>19.2f}", flush=True)


if __name__ == "__main__":
    main()
