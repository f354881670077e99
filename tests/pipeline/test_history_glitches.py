"""A sensor's error values are named, and what is usual is not: retraining goes on, and people know what to leave out."""

import numpy as np
import pytest

from edge.contract.columns import Float64
from edge.contract.times import SECOND
from pipeline.history.glitches import error_value, glitches
from pipeline.history.table import Table

HOUR = 3600 * SECOND


def cycle(days: int = 60) -> Float64:
    """A daily cycle of 15 to 25 with some noise, hourly."""
    hours = np.arange(24 * days)
    return np.round(20 + 5 * np.sin(hours * 2 * np.pi / 24) + np.random.default_rng(1).normal(0, 0.5, len(hours)), 2)


@pytest.mark.parametrize("value", [85.0, -127.0, 65535.0, 4294967.295])
def test_an_error_value_is_named_with_the_setting_that_leaves_it_out(value: float) -> None:
    """Whether it comes often or now and then."""
    values = cycle()
    values[::37] = value
    (line,) = glitches(Table(("cellar.t",), 0, HOUR, values[None]))
    assert f"39 intervals hold exactly {value:.10g}, far from its others (14." in line
    assert f"ignore = [{value:.10g}]" in line
    values[5::200] = -999
    (line,) = glitches(Table(("cellar.t",), 0, HOUR, values[None]))
    assert "-999" in line
    assert f"{value:.10g}" in line[line.index("ignore") :]
    often = cycle()
    often[::3] = value
    assert error_value(often) is None


def test_what_is_usual_is_no_error_value() -> None:
    """Rain, a switch, a load that is off or on, a setpoint, a counter, a step, and a sensor that is broken for good."""
    random = np.random.default_rng(2)
    rain = np.where(random.random(1440) < 0.05, np.round(random.exponential(3, 1440), 1), 0.0)
    load = np.where(random.random(1440) < 0.97, np.round(random.normal(1500, 20, 1440), 1), 0.0)
    broken = cycle()
    broken[1000:] = -127.0
    step = cycle() + np.where(np.arange(1440) > 900, 300.0, 0.0)
    setpoint = np.where(random.random(1440) < 0.03, 17.0, 21.0)
    for usual in (rain, (rain > 0) * 1.0, load, setpoint, np.arange(1440.0), step, broken, cycle(), np.full(50, np.nan)):
        assert error_value(np.asarray(usual, np.float64)) is None
    assert error_value(np.zeros(0)) is None


def test_single_values_far_away_are_counted() -> None:
    """Glitches that are not the same each time; those of a table without any have no line."""
    values = cycle()
    values[[100, 300, 700]] = [4e9, -3e5, 9e7]
    table = Table(("a", "b"), 0, HOUR, np.stack([values, cycle()]))
    (line,) = glitches(table)
    assert line.startswith("series 'a': 3 values lie far from all others, the last one 9e+07 at 1970-01-30T04:00:00Z; ")
