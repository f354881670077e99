"""The plan of a fleet: its figures follow from the constants, rows are counted as an agent writes them, and a part is run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fleet import rows_of
from fleet_plan import Constants, Machine, Shape, breaking, plan

from edge.contract.schema import FORECAST, READING
from tests.support.servers import requires

ROOT = Path(__file__).parents[2]


def test_twice_the_sensors_ask_twice_as_much_of_the_stores_and_not_of_the_registry() -> None:
    """What grows with sensors does, what grows with gateways alone does not."""
    constants = Constants(influx_bytes=40)
    small, large = plan(Shape(sensors=1000, gateways=2), constants), plan(Shape(sensors=2000, gateways=2), constants)
    for name in ("messages/s per gateway", "store: rows written/s, all", "store: InfluxDB, GB per day, all"):
        assert abs(large[name] - 2 * small[name]) < 1e-9 * large[name]
    assert large["registry: requests/s"] == small["registry: requests/s"]


def test_rows_of_a_closing_are_those_that_the_settings_give() -> None:
    """24 leads, the whole every fifth time: 8.8 forecasts, and 4 leads kept and scored; the benchmark writes as many."""
    shape = Shape()
    assert (shape.refresh, shape.leads, shape.kept) == (5, 4, 9)
    assert shape.written == 8.8 + 8
    written = [points for made in rows_of(2, 5, 600) for points in made]
    assert sum(len(points) for points in written if points.measurement is READING) == 2 * 5 * 6
    assert sum(len(points) for points in written if points.measurement is not READING) == 2 * 5 * shape.written
    assert sum(len(points) for points in written if points.measurement is FORECAST) == 2 * 5 * 8.8


def test_the_part_that_needs_the_most_machines_breaks_first() -> None:
    """A store with half the rows a second, and then with half the memory, comes before everything else."""
    shape = Shape(sensors=1000, gateways=2)
    slow = plan(shape, Constants(influx_rows=0.01, influx_series=0))
    assert breaking(shape, slow, Machine())[0][0].startswith("store: ")
    small = plan(shape, Constants(influx_series=1e9))
    name, machines = breaking(shape, small, Machine(memory=1000))[0]
    assert name == "store: memory of the index"
    assert machines == pytest.approx(1000 * 10 * 1e9 / 1e6 / 1000)
    assert dict(breaking(shape, small, Machine(memory=500)))[name] == pytest.approx(2 * machines)


@pytest.mark.servers
@pytest.mark.slow
def test_two_gateways_are_run_and_measured(tmp_path: Path) -> None:
    """Two real agents of 25 sensors for a few seconds: every reading is stored, and the plan uses what they took."""
    for program in ("mosquitto", "influxd", "nginx"):
        requires(program)
    arguments = ("--agents", "2", "--series", "25", "--every", "2", "--run-interval", "4", "--seconds", "9")
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "fleet.py"), *arguments, "--forecaster", "baseline", "--json"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    run, constants = told["run"], told["constants"]
    assert run["readings missing in the store"] == 0
    assert run["rows/s into the one store"] > run["messages/s"] > 0
    assert run["agents: CPU s a minute and 1,000 series"] > 0
    assert run["agent: MB resident, the largest"] > 10
    middle, longest = (run[f"interval closed to 99 % of an agent stored, the {which}, s"] for which in ("middle", "longest"))
    assert longest >= middle > 0
    assert constants["influx_rows"] != Constants().influx_rows
    assert constants["broker"] != Constants().broker
    assert list(told["machines"].values()) == sorted(told["machines"].values(), reverse=True)
    assert list(tmp_path.iterdir()) == []
