"""What a fleet of any size asks of agents, broker, store and trainers: a small part of it is run, and the whole is computed.

    python benchmarks/fleet.py                      runs 4 gateways of 10,000 sensors for 3 minutes, then the plan
    python benchmarks/fleet.py --series 2000 --seconds 60 --forecaster baseline
    python benchmarks/fleet.py --agents 0           only the plan, from the constants below (docs/scale.md: where each is from)
    python benchmarks/fleet.py --agents 0 --measure     the stores first: rows as agents write them, into InfluxDB and SQLite
    python benchmarks/fleet.py --agents 0 --sensors 50000 --gateways 8 --every 10 --json

Measured, in lines that begin with "run": real agents, one broker and one InfluxDB on this machine, fed at the plan's pace; time
of agents, store and broker, rows that the store took, memory, waits, and whether every reading is stored. Its intervals are a
minute, so that some end; all series of all gateways close at once, as they do on the hour.
Computed, in lines that begin with "plan": the same for all sensors and gateways, with an interval of an hour. The last lines
say which part needs more than one machine, the first to break first.

Exit code 1 says that readings are missing in the store.

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
from dataclasses import asdict, replace
from math import nan
from pathlib import Path

import numpy as np
from ending import run_to_end
from fleet_agents import Course, Ran, simulate
from fleet_plan import Constants, Machine, Shape, breaking, plan
from process_figures import memory

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import FORECAST, FORECAST_LEAD, FORECAST_SCORE, READING, Measurement
from edge.contract.times import SECOND
from edge.stores.influx import InfluxStore
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store, encode_blocks
from tests.support.influx_http import ask
from tests.support.servers import Influxd, wait_until

HOUR = 3600 * SECOND
START = 1_700_000_000 * SECOND // HOUR * HOUR
SCORED = ("error", "absolute_error", "pinball", "covered", "baseline_absolute_error")


def measured_by(ran: Ran, constants: Constants) -> Constants:
    """Constants of store and broker as the gateways had them that were run.

    Args:
        ran: what was measured.
        constants: all others stay.
    """
    return replace(constants, influx_rows=2e6 / ran.row_each, broker=ran.broker_each)


def told(ran: Ran, series: int) -> dict[str, float]:
    """What was measured, by a name with its unit.

    Args:
        ran: what was measured.
        series: number of series of each agent.
    """
    thousands, minutes = series * len(ran.agents) / 1000, ran.seconds / 60
    return {
        "messages/s": ran.readings / ran.seconds,
        "rows/s into the one store": ran.rows / ran.seconds,
        "closings/s": ran.closings / ran.seconds,
        "share of the forecasts that the bundle made": ran.by_model,
        "agents: CPU s a minute and 1,000 series": sum(ran.agents) / minutes / thousands,
        "store: CPU s a minute and 1,000 series": ran.store / minutes / thousands,
        "broker: CPU s a minute and 1,000 series": ran.broker / minutes / thousands,
        "agent: share of a core, the busiest": max(ran.agents) / ran.seconds,
        "store: µs for a row": ran.row_each,
        "broker: µs for a message": ran.broker_each,
        "agent: MB resident, the largest": max(ran.resident) / 1e6,
        "store: MB resident": ran.store_resident / 1e6,
        "interval closed to 99 % of an agent stored, the middle, s": float(np.quantile(ran.lags, 0.5)) if ran.lags else nan,
        "interval closed to 99 % of an agent stored, the longest, s": max(ran.lags) if ran.lags else nan,
        "backlog after the last reading, kB": ran.backlog / 1000,
        "last reading sent late by, s": ran.late,
        "readings missing in the store": ran.missing,
        "load of the machine": os.getloadavg()[0],
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


def main() -> int:
    """Run gateways, measure the stores if asked, then print the plan; 1 where a reading is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--sensors", type=int, default=Shape().sensors, help="sensors of the plan (default 1,000,000)")
    add("--gateways", type=int, default=Shape().gateways, help="gateways of the plan (default 100)")
    add("--every", type=float, default=Shape().every, help="seconds between two readings of a sensor (default 60)")
    add("--interval", type=float, default=Shape().interval, help="seconds of an interval of the plan (default 3600)")
    add("--agents", type=int, default=4, help="gateways that are run; 0: none (default 4)")
    add("--series", type=int, default=10_000, help="sensors of each that is run, and series for --measure (default 10,000)")
    add("--seconds", type=float, default=180, help="time of the run (default 180)")
    add("--run-interval", type=float, default=60, help="seconds of an interval of the run (default 60)")
    add("--window", type=int, default=24, help="intervals of a window of the run (default 24)")
    add("--forecaster", choices=("gru", "baseline"), default="gru", help="of the run; a GRU has random weights (default gru)")
    add("--measure", action="store_true", help="measure the stores first")
    add("--hours", type=int, default=24, help="hours that are written for --measure (default 24)")
    add("--json", action="store_true")
    options = parser.parse_args()
    shape = Shape(options.sensors, options.gateways, options.every, options.interval)
    constants = Constants()
    run: dict[str, float] = {}
    stores: dict[str, float] = {}
    if options.measure:
        constants, stores = measure(options.series, options.hours, options.every, constants)
    if options.agents:
        course = Course(
            options.agents,
            options.series,
            options.every,
            options.run_interval,
            options.seconds,
            options.window,
            shape.horizon,
            options.forecaster,
        )
        with tempfile.TemporaryDirectory(prefix="gatecast-fleet-") as name:
            ran = simulate(course, Path(name))
        run, constants = told(ran, options.series), measured_by(ran, constants)
    figures = plan(shape, constants)
    parts = dict(breaking(shape, figures, Machine(), run.get("agent: share of a core, the busiest", 0.0)))
    if options.json:
        document = {"run": run, "measured": stores, "constants": asdict(constants), "plan": figures, "machines": parts}
        print(json.dumps(document, indent=1))
    else:
        for title, values in zip(
            ("run", "stores", "constants", "plan", "machines"), (run, stores, asdict(constants), figures, parts), strict=True
        ):
            for name, value in values.items():
                print(f"{title:9} {name:70} {value:14,.4g}" if value < 1 else f"{title:9} {name:70} {value:14,.1f}")
        print(f"machines  breaks first: {next(iter(parts))}; all: {asdict(Machine())}")
    return 1 if run.get("readings missing in the store") else 0


if __name__ == "__main__":
    run_to_end("fleet", main)
