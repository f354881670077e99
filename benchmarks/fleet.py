"""What a fleet of any size asks of brokers, agents, store and trainers: constants measured here, and the plan made from them.

    python benchmarks/fleet.py                      the plan, from the constants below (docs/scale.md says where each is from)
    python benchmarks/fleet.py --measure            measures the stores first: rows as agents write them, into InfluxDB
                                                    and into SQLite
    python benchmarks/fleet.py --sensors 50000 --gateways 8 --every 10 --json

The rows of a sensor: its readings, and for each interval that closes the nearest leads of the forecast, now and then its
whole horizon, the kept leads and their scores. Later forecasts of a moment overwrite earlier ones: fewer rows stay than are
written.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import FORECAST, FORECAST_LEAD, FORECAST_SCORE, READING, Measurement
from edge.contract.times import SECOND
from edge.series.outlook import usual_refresh
from edge.series.scoring import default_leads
from edge.stores.influx import InfluxStore
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store, encode_blocks
from tests.support.influx_http import ask
from tests.support.servers import Influxd, wait_until

HOUR = 3600 * SECOND
START = 1_700_000_000 * SECOND // HOUR * HOUR
DAY = 86_400  # seconds
SCORED = ("error", "absolute_error", "pinball", "covered", "baseline_absolute_error")


@dataclass(frozen=True, slots=True)
class Constants:
    """What one of each takes; the defaults were measured, docs/scale.md has the commands.

    Args:
        agent_base: processor time of a reading in the agent without a closing, microseconds.
        agent_closing: processor time of an interval that closes, microseconds.
        memory_base: memory of an agent with few series, MB.
        memory_series: memory of one more series with a window of 168, kB.
        influx_rows: rows that an InfluxDB takes each second.
        influx_bytes: bytes that a row takes in InfluxDB after it is compacted.
        influx_series: memory of one series of InfluxDB in its index, bytes.
        sqlite_bytes: bytes that a row takes in SQLite.
        training_base: seconds of a training of one fleet and cell, whatever its size.
        training_series: seconds that it takes longer for each series.
        bundle: size of a bundle, kB.
    """

    agent_base: float = 6.8
    agent_closing: float = 57.4
    memory_base: float = 75.0
    memory_series: float = 4.0
    influx_rows: float = 42_300.0
    influx_bytes: float = 41.2
    influx_series: float = 14_100.0
    sqlite_bytes: float = 37.0
    training_base: float = 67.0
    training_series: float = 0.0916
    bundle: float = 233.0


@dataclass(frozen=True, slots=True)
class Shape:
    """A fleet of fleets.

    Args:
        sensors: number of series.
        gateways: number of agents; each is a fleet of its own.
        every: seconds between two readings of a sensor.
        interval: length of an interval, seconds.
        horizon: number of intervals ahead.
        cells: number of candidates per fleet.
        poll: seconds between two looks of an agent at its channel.
    """

    sensors: int = 1_000_000
    gateways: int = 100
    every: float = 60.0
    interval: float = 3600.0
    horizon: int = 24
    cells: int = 3
    poll: float = 60.0

    @property
    def refresh(self) -> int:
        """Intervals after which the whole horizon is written again, as `[agent] refresh` has it."""
        return usual_refresh(self.horizon)

    @property
    def written(self) -> float:
        """Rows that are written for each interval that closes, without the readings."""
        nearest = ((self.refresh - 1) * min(self.refresh, self.horizon) + self.horizon) / self.refresh
        return nearest + 2 * self.leads

    @property
    def leads(self) -> int:
        """Leads that are kept and scored: 1, a quarter, a half and the whole of the horizon."""
        return len(default_leads(self.horizon))

    @property
    def kept(self) -> int:
        """Rows that stay of each interval: the newest forecast of its moment, and forecast and score at each lead."""
        return 1 + 2 * self.leads


def plan(shape: Shape, constants: Constants) -> dict[str, float]:
    """The load of everything, by a name with its unit.

    Args:
        shape: numbers of sensors and gateways, and their rates.
        constants: what one of each takes.
    """
    each = ceil(shape.sensors / shape.gateways)
    readings, closings = each / shape.every, each / shape.interval
    rows = readings + closings * shape.written
    kept = readings + closings * shape.kept
    training = constants.training_base + constants.training_series * each
    return {
        "series per gateway": each,
        "messages/s per gateway": readings,
        "agent: share of a core": (readings * constants.agent_base + closings * constants.agent_closing) / 1e6,
        "agent: memory, MB": constants.memory_base + constants.memory_series * each / 1000,
        "store: rows written/s per gateway": rows,
        "store: rows written/s, all": rows * shape.gateways,
        "store: InfluxDBs of two cores that this needs": rows * shape.gateways / constants.influx_rows,
        "store: rows that stay per day, all": kept * shape.gateways * DAY,
        "store: InfluxDB, GB per day, all": kept * shape.gateways * DAY * constants.influx_bytes / 1e9,
        "store: SQLite on a gateway, GB per day": kept * DAY * constants.sqlite_bytes / 1e9,
        "store: InfluxDB series per gateway": each * (2 + 2 * shape.leads),
        "store: InfluxDB index, MB per gateway": each * (2 + 2 * shape.leads) * constants.influx_series / 1e6,
        "spool: MB per hour without a store, per gateway": rows * 3600 * constants.influx_bytes / 1e6,
        "training: seconds of a fleet, one cell": training,
        "training: core hours of all fleets": training * shape.cells * shape.gateways / 3600,
        "training: cores for all fleets in 8 hours": training * shape.cells * shape.gateways / 3600 / 8,
        "registry: requests/s": shape.gateways / shape.poll,
        "registry: MB of a release to all": constants.bundle * shape.gateways / 1000,
        "Prefect: flow runs per day": shape.gateways,
    }


def rows_of(series: int, hours: int, every: float) -> Iterator[list[Points]]:
    """The rows of an hour after another, as an agent writes them."""
    shape, random, owners = Shape(), np.random.default_rng(3), np.arange(series, dtype=np.int32)
    for hour in range(hours):
        origin = START + (hour + 1) * HOUR
        times = origin - HOUR + np.arange(int(3600 / every)) * int(every) * SECOND
        made = [_rows(READING, np.tile(owners, len(times)), np.repeat(times, series), random, ("value",))]
        ahead = shape.horizon if hour % shape.refresh == 0 else shape.refresh
        moments = np.repeat(origin + np.arange(ahead) * HOUR, series)
        made.append(_rows(FORECAST, np.tile(owners, ahead), moments, random, ("q10", "q50", "q90"), origin))
        for lead in (1, 6, 12, 24):
            leads = np.full(series, lead, np.int32)
            moment = np.full(series, origin + (lead - 1) * HOUR)
            made.append(_rows(FORECAST_LEAD, owners, moment, random, ("q10", "q50", "q90"), origin, leads))
            made.append(_rows(FORECAST_SCORE, owners, np.full(series, origin - HOUR), random, SCORED, lead=leads))
        yield made


def _rows(  # noqa: PLR0913, PLR0917 - the columns of a row
    measurement: Measurement,
    owners: "np.typing.NDArray[np.int32]",
    times: "np.typing.NDArray[np.int64]",
    random: np.random.Generator,
    fields: tuple[str, ...],
    origin: int | None = None,
    lead: "np.typing.NDArray[np.int32] | None" = None,
) -> Points:
    columns: dict[str, object] = {name: np.round(20 + random.normal(0, 2, len(times)), 2) for name in fields}
    if origin is not None:
        columns |= {"origin": np.full(len(times), origin), "model": "20261128T063904Z-gru-543c5e64"}
        if measurement is FORECAST:
            columns["lead"] = ((times - origin) // HOUR + 1).astype(np.int64)
    return Points(measurement, owners, times.astype(np.int64), columns, lead)  # type: ignore[arg-type]


def write(store: Store, series: int, hours: int, every: float) -> tuple[int, float]:
    """Rows written into a store, and the seconds that the store took for them."""
    names, rows, seconds = SeriesTable([f"site{number // 100:03}.sensor{number % 100:02}" for number in range(series)]), 0, 0.0
    for made in rows_of(series, hours, every):
        blocks = encode_blocks(store, made, names)
        started = time.perf_counter()
        for block in blocks:
            store.write(block)
        seconds += time.perf_counter() - started
        rows += sum(map(len, made))
    return rows, seconds


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def memory(pid: int) -> float:
    """Resident memory of a process, bytes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def measure(series: int, hours: int, every: float, constants: Constants) -> tuple[Constants, dict[str, float]]:
    """Constants of the stores, measured on this machine, and what they are made from.

    Args:
        series: number of series.
        hours: length of what is written.
        every: seconds between two readings.
        constants: all others stay.
    """
    kept = series * hours * (3600 / every + Shape().kept)
    os.environ["INFLUXDB_DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION"] = "1s"  # so that what is measured lies in its files
    with tempfile.TemporaryDirectory() as name, Influxd(Path(name) / "influxd", auth=False) as engine:
        ask(engine.port, "/query", 'CREATE DATABASE "fleet"')
        empty = memory(engine.pid)
        store = InfluxStore(f"http://127.0.0.1:{engine.port}", "fleet")
        rows, seconds = write(store, series, hours, every)
        store.close()
        used = memory(engine.pid)
        wal = Path(name) / "influxd" / "wal"
        wait_until(lambda: size_of(wal) < 1_000_000, what="the files of InfluxDB", pause=1)
        influx = size_of(Path(name) / "influxd" / "data")
        sqlite = SqliteStore(Path(name) / "store.db")
        _, took = write(sqlite, series, hours, every)
        sqlite.close()
        lite = size_of(Path(name)) - size_of(Path(name) / "influxd")
    details = {
        "rows written": rows,
        "rows that stay": kept,
        "InfluxDB, bytes": influx,
        "InfluxDB, seconds": seconds,
        "InfluxDB, memory more than when empty, MB": (used - empty) / 1e6,
        "SQLite, bytes": lite,
        "SQLite, seconds": took,
        "SQLite, rows/s": rows / took,
        "load of the machine": os.getloadavg()[0],
    }
    measured = replace(
        constants,
        influx_rows=rows / seconds,
        influx_bytes=influx / kept,
        influx_series=(used - empty) / (series * (2 + 2 * Shape().leads)),
        sqlite_bytes=lite / kept,
    )
    return measured, details


def main() -> None:
    """Measure if asked, then print the plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sensors", type=int, default=Shape().sensors)
    parser.add_argument("--gateways", type=int, default=Shape().gateways)
    parser.add_argument("--every", type=float, default=Shape().every, help="seconds between two readings of a sensor")
    parser.add_argument("--interval", type=float, default=Shape().interval, help="seconds of an interval")
    parser.add_argument("--measure", action="store_true", help="measure the stores first")
    parser.add_argument("--series", type=int, default=2_000, help="series that are written where the stores are measured")
    parser.add_argument("--hours", type=int, default=24, help="hours that are written")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    constants: Constants = Constants()
    details: dict[str, float] = {}
    if options.measure:
        constants, details = measure(options.series, options.hours, options.every, constants)
    shape = Shape(options.sensors, options.gateways, options.every, options.interval)
    figures = plan(shape, constants)
    if options.json:
        print(json.dumps({"constants": asdict(constants), "measured": details, "plan": figures}, indent=1))
        return
    for title, values in (("measured", details), ("constants", asdict(constants)), ("plan", figures)):
        for name, value in values.items():
            print(f"{title:9} {name:50} {value:14,.4g}" if value < 1 else f"{title:9} {name:50} {value:14,.1f}")


if __name__ == "__main__":
    main()
