"""What rules of `[[alert]]` cost for each forecast, beside all else that the engine does, in one run.

    python benchmarks/alert_cost.py --series 10000 --rules 10

All series close an interval together, again and again. Forecasts are those of the day before with a band around them, so a
network would add its own time to `engine_us`. The rules of `quiet` are far from everything; those of `raised` stand for every
series, so each forecast has its probability and its times.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.alerts.alerts import Alerts
from edge.alerts.rule import AlertRule
from edge.contract.columns import Float64, Int32, Readings, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.times import SECOND
from edge.forecaster.baselines import seasonal_naive
from edge.series.engine import Engine
from edge.stores.sqlite import sqlite_url
from edge.stores.store import encode_blocks, open_store

HOUR, START = 3600 * SECOND, 1_768_478_400 * SECOND


@dataclass(frozen=True, slots=True)
class Banded:
    """The day before, with a band of 1 around it."""

    contract: Contract
    name: str = "banded"
    intervals: bool = True

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`."""
        middle = seasonal_naive(self.contract).predict(windows, series, context)[:, :, self.contract.median]
        quantiles: Float64 = middle[:, :, None] + np.asarray([-1.0, 0.0, 1.0])
        return quantiles

    def self_test(self) -> None:
        """As `Forecaster.self_test`."""


def cost(series: int, rules: Sequence[AlertRule], rounds: int, contract: Contract) -> tuple[float, float, float]:
    """Microseconds for each forecast: of the engine, of the rules, and of encoding the rows of the rules.

    Args:
        series: number of series.
        rules: the rules.
        rounds: number of intervals that are measured, after windows are full.
        contract: contract of the forecasts.
    """
    table, order = SeriesTable(f"plant.sensor{number:05d}" for number in range(series)), np.arange(series, dtype=np.int32)
    engine, alerts = Engine(Banded(contract), [], table), Alerts(rules, table)
    store, random = open_store(sqlite_url(Path("unused.db"))), np.random.default_rng(0)
    spent = np.zeros((rounds, 3))
    for step in range(contract.window + rounds):
        value = 20 + np.sin(step / 24 * 2 * np.pi) + random.normal(0, 0.1, series)
        readings = Readings(order, np.full(series, START + step * HOUR), value)
        moments = [time.process_time()]
        effect = engine.step(readings)
        moments.append(time.process_time())
        alerts.look(effect.forecasts, contract)
        moments.append(time.process_time())
        encode_blocks(store, alerts.rows(), table)
        moments.append(time.process_time())
        if step >= contract.window:
            spent[step - contract.window] = np.diff(moments)
    engine_time, rules_time, rows_time = (np.median(spent, axis=0) / series * 1e6).tolist()
    return engine_time, rules_time, rows_time


def main() -> None:
    """Print a line of JSON for each kind of rules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=10_000, help="default: 10,000")
    parser.add_argument("--rules", type=int, default=10, help="number of rules, each for all series; default: 10")
    parser.add_argument("--rounds", type=int, default=10, help="intervals that are measured; default: 10")
    options = parser.parse_args()
    contract = Contract(interval=HOUR, window=48, horizon=24)
    for kind, keys in (
        ("quiet", {"above": 1000.0}),
        ("rises", {"rises_by": 1000.0}),
        ("leaves", {"leaves": "80 %", "within": "6h"}),
        ("raised", {"above": 19.5}),
    ):
        rules = [AlertRule(name=f"{kind}-{number}", **keys) for number in range(options.rules)]
        engine, looked, rows = cost(options.series, rules, options.rounds, contract)
        each = looked / options.rules
        line = {"rules": kind, "count": options.rules, "engine_us": round(engine, 2), "rule_us": round(each, 3)}
        rest = {"rows_us": round(rows / options.rules, 3), "rule_to_engine": round(each / engine, 4)}
        print(json.dumps(line | rest), flush=True)


if __name__ == "__main__":
    main()
