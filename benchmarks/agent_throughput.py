"""What one reading costs the agent between MQTT and spool: closing, forecasting, scoring and encoding.

    python benchmarks/agent_throughput.py

runs the agent's engine over the same stream in batches of 1, 64 and 4,096 readings, for both stores, and beside it a
plain implementation that keeps dictionaries and takes one reading at a time; it knows no late, doubled or missing readings
and writes line protocol. Both write the same lines, which is checked before anything is measured. The forecaster costs next
to nothing, so that what is measured is everything around it.
"""

import argparse
import time
from collections import deque
from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import TypeAlias

import numpy as np

from edge.contract.columns import Float64, Int32, Readings, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.times import SECOND
from edge.forecaster.forecaster import AllQuantiles
from edge.series.engine import Engine
from edge.series.outlook import Leads
from edge.stores.influx import InfluxStore
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store

SERIES = 1024
PER_INTERVAL = 4  # readings of one series in one interval
CONTRACT = Contract(interval=900 * SECOND, window=96, horizon=24)
LEADS = (1, 6, 12, 24)
BATCHES = (1, 64, 4096)
START = 1_767_225_600 * SECOND
SCORES = ("error", "absolute_error", "pinball", "covered", "baseline_absolute_error")
INTERVALS = 10
ROUNDS = 3  # the best one counts: the machine has other work too

Row: TypeAlias = tuple[str, int, int, int, tuple[float, ...]]


class Steady(AllQuantiles):
    """A forecaster that says the last value and a quarter more for every lead, give or take one.

    Args:
        contract: contract of the forecasts.
    """

    name = "steady"

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`."""
        del series, context
        rise = np.arange(1, self.contract.horizon + 1, dtype=np.float64) / 4
        forecasts: Float64 = windows[:, -1, None, None] + rise[:, None] + np.array([-1.0, 0.0, 1.0])
        return forecasts


def stream(first: int, intervals: int) -> Readings:
    """Readings of all series in turn; whole numbers, so that float32 holds their means exactly."""
    rounds = np.arange(first * PER_INTERVAL, (first + intervals) * PER_INTERVAL)
    step = CONTRACT.interval // PER_INTERVAL
    series = np.tile(np.arange(SERIES, dtype=np.int32), len(rounds))
    moment = START + np.repeat(rounds, SERIES) * step
    value = (np.repeat(rounds, SERIES) * 37 + series * 11) % 1000
    return Readings(series, moment, value.astype(np.float64))


class Plain:
    """The same work with dictionaries and one loop, as most people would begin.

    Args:
        names: names of the series.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._open: dict[int, tuple[int, list[float]]] = {}
        self._windows: dict[int, deque[float]] = {}
        self._waiting: dict[tuple[int, int, int], tuple[float, float, float, float]] = {}

    def step(self, readings: Sequence[tuple[int, int, float]]) -> list[Row]:
        """Rows for the store: measurement, series, time, lead, values."""
        rows: list[Row] = []
        for series, moment, value in readings:
            rows.append(("reading", series, moment, 0, (value,)))
            number = moment // CONTRACT.interval
            opened, values = self._open.setdefault(series, (number, []))
            if number > opened:
                self._close(series, opened, sum(values) / len(values), rows)
                values = []
            values.append(value)
            self._open[series] = number, values
        return rows

    def _close(self, series: int, number: int, fact: float, rows: list[Row]) -> None:
        window = self._windows.setdefault(series, deque([nan] * CONTRACT.window, CONTRACT.window))
        window.append(fact)
        interval = CONTRACT.interval
        for lead in LEADS:
            held = self._waiting.pop((series, number, lead), None)
            if held is not None:
                rows.append(("forecast_score", series, number * interval, lead, _score(fact, held)))
        origin = (number + 1) * interval
        for lead in range(1, CONTRACT.horizon + 1):
            moment, median = origin + (lead - 1) * interval, fact + lead / 4
            values = median - 1, median, median + 1, origin
            rows.append(("forecast", series, moment, lead, values))
            if lead in LEADS:
                rows.append(("forecast_lead", series, moment, lead, values))
                # The window is one day, so the same time yesterday stands `lead` places from its beginning.
                self._waiting[series, number + lead, lead] = median - 1, median, median + 1, window[lead - 1]

    def encode(self, rows: Sequence[Row]) -> bytes:
        """The rows in line protocol."""
        return "\n".join([self._line(*row) for row in rows]).encode()

    def _line(self, measurement: str, series: int, moment: int, lead: int, values: tuple[float, ...]) -> str:
        name = self._names[series]
        if measurement == "reading":
            return f"reading,series={name} value={values[0]!r} {moment}"
        if measurement == "forecast_score":
            fields = ",".join([f"{field}={value!r}" for field, value in zip(SCORES, values, strict=True)])
            return f"forecast_score,series={name},lead={lead} {fields} {moment}"
        fields = f'q10={values[0]:.9g},q50={values[1]:.9g},q90={values[2]:.9g},origin={values[3]}i,model="steady"'
        if measurement == "forecast":
            return f"forecast,series={name} {fields},lead={lead}i {moment}"
        return f"forecast_lead,series={name},lead={lead} {fields} {moment}"


def _score(fact: float, held: tuple[float, float, float, float]) -> tuple[float, ...]:
    error = held[1] - fact
    losses = [
        max(level * (fact - value), (level - 1) * (fact - value))
        for level, value in zip(CONTRACT.quantiles, held, strict=False)
    ]
    return error, abs(error), sum(losses) / len(losses), float(held[0] <= fact <= held[2]), abs(held[3] - fact)


def rows_of(readings: Readings) -> list[tuple[int, int, float]]:
    """The readings one by one."""
    return list(zip(readings.series.tolist(), readings.time.tolist(), readings.value.tolist(), strict=True))


class Bench:
    """Engine and plain implementation, both with full windows and full waiting lists."""

    def __init__(self) -> None:
        self.series = SeriesTable(f"site.device{index}.temperature" for index in range(SERIES))
        self.warm = stream(0, CONTRACT.window + CONTRACT.horizon + 1)
        engine = self._engine()
        for start in range(0, len(self.warm), BATCHES[-1]):
            engine.step(self.warm.take(slice(start, start + BATCHES[-1])))
        self._state = [*engine.dump()]
        self._next = CONTRACT.window + CONTRACT.horizon + 1

    def _engine(self) -> Engine:
        return Engine(Steady(CONTRACT), [], self.series, leads=Leads(LEADS))

    def plain(self) -> Plain:
        """The plain implementation after the same readings."""
        made = Plain(self.series.names)
        made.step(rows_of(self.warm))
        return made

    def check(self, plain: Plain) -> int:
        """Compare what both write in the next interval; returns the number of lines."""
        readings = stream(self._next, 1)
        engine = self._engine()
        engine.load(iter(self._state))
        found = InfluxStore("http://127.0.0.1", "b").encode(engine.step(readings).points, self.series).decode().split("\n")
        expected = plain.encode(plain.step(rows_of(readings))).decode().split("\n")
        if sorted(found) != sorted(expected):
            message = f"the two implementations differ: {sorted(set(found) ^ set(expected))[:4]}"
            raise SystemExit(message)
        return len(found)

    def measure(self, store: Store, batch: int, intervals: int) -> tuple[float, float]:
        """Microseconds per reading of `Engine.step` and of `Store.encode`, the best round."""
        readings = stream(self._next, intervals)
        parts = [readings.take(slice(start, start + batch)) for start in range(0, len(readings), batch)]
        rounds = []
        for _ in range(ROUNDS):
            engine = self._engine()
            engine.load(iter(self._state))
            stepping = encoding = 0.0
            for part in parts:
                started = time.perf_counter()
                points = engine.step(part).points
                stepped = time.perf_counter()
                store.encode(points, self.series)
                stepping += stepped - started
                encoding += time.perf_counter() - stepped
            rounds.append((stepping, encoding))
        stepping, encoding = min(rounds, key=sum)
        return stepping / len(readings) * 1e6, encoding / len(readings) * 1e6

    def measure_plain(self, plain: Plain, intervals: int) -> tuple[float, float]:
        """The same of the plain implementation, which goes on from where `check` left it."""
        rounds = []
        for number in range(ROUNDS):
            readings = rows_of(stream(self._next + 1 + number * intervals, intervals))
            started = time.perf_counter()
            rows = plain.step(readings)
            stepped = time.perf_counter()
            plain.encode(rows)
            rounds.append((stepped - started, time.perf_counter() - stepped))
        stepping, encoding = min(rounds, key=sum)
        return stepping / len(readings) * 1e6, encoding / len(readings) * 1e6


def _print(kind: str, batch: int, step: float, encode: float) -> float:
    total = step + encode
    print(f"{kind:<12}{batch:>7,}{step:>10.2f}{encode:>11.2f}{total:>9.2f}{1e6 / total:>12,.0f}")
    return total


def main() -> None:
    """Print one table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    bench = Bench()
    plain = bench.plain()
    lines = bench.check(plain)
    print(
        f"{SERIES} series, {PER_INTERVAL} readings per interval, window {CONTRACT.window}, horizon {CONTRACT.horizon}, "
        f"{len(LEADS)} leads: {lines / (SERIES * PER_INTERVAL):.1f} rows per reading; both implementations write the same"
    )
    print(f"{'store':<12}{'batch':>7}{'step µs':>10}{'encode µs':>11}{'both µs':>9}{'readings/s':>12}")
    columns = nan
    for store in (SqliteStore(Path("never-opened.db")), InfluxStore("http://127.0.0.1", "b")):
        both = {
            batch: _print(store.kind, batch, *bench.measure(store, batch, 1 if batch == 1 else INTERVALS)) for batch in BATCHES
        }
        print(f"{'':<12}a reading in a batch of 4,096 costs 1/{both[1] / both[BATCHES[-1]]:.0f} of one on its own")
        columns = both[BATCHES[-1]]
    total = _print("plain loop", 1, *bench.measure_plain(plain, INTERVALS))
    print(f"{'':<12}influxdb at 4,096 is {total / columns:.1f} times as fast")


if __name__ == "__main__":
    main()
