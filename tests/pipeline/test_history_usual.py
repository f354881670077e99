"""Kind: glitches. What was usual in the history of a series."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.meaning import GAUGE, Bounds, Meaning
from edge.contract.plausible import Plausible
from pipeline.history.glitches import error_values
from pipeline.history.table import Table
from pipeline.history.usual import NEAR, bounds_of, learned, usual_range, usual_ranges, with_bounds

NAN = np.nan


def test_the_usual_range_leaves_out_two_values_at_either_end() -> None:
    """What comes three times is usual, but for an error value of the sensor; few values tell nothing."""
    values = np.append(np.arange(100.0), [4e9, 5e9, -1e9, NAN, 1e30])
    assert usual_range(values) == (1.0, 99.0)
    assert usual_range(np.append(values, 6e9)) == (1.0, 4e9)
    assert usual_range(np.append(np.arange(1000.0), [4e9] * 10)) == (2.0, 997.0)
    assert usual_range(np.arange(15.0)) is None
    assert usual_range(np.zeros(20)) == (0.0, 0.0)


def test_a_bundle_says_what_was_usual_in_its_training() -> None:
    """Beside what the readings are; later columns are not looked at."""
    values = np.stack([np.arange(40.0), np.full(40, NAN), np.arange(40.0)])
    table = Table(("a", "b", "c"), 0, 10, values, (GAUGE, Meaning(unit="W"), Meaning("counter")))
    told = learned(table, 30)
    assert {name: (meaning, meaning.usual) for name, meaning in told.items()} == {
        "a": (GAUGE, (2.0, 27.0)),
        "b": (Meaning(unit="W"), None),
        "c": (Meaning("counter"), (2.0, 27.0)),
    }
    np.testing.assert_array_equal(usual_ranges(values, 30), [[2, 27], [NAN, NAN], [2, 27]])
    assert np.isnan(usual_ranges(values, 3)).all()


HOURS = np.arange(24 * 28.0)
DAYLIGHT = np.maximum(np.sin(2 * np.pi * HOURS / 24) * (1 + 0.3 * np.sin(HOURS)), 0) * 500
WEATHER = np.cumsum(np.random.default_rng(3).normal(0, 0.4, len(HOURS))) + 5 * np.sin(2 * np.pi * HOURS / 24)


def test_a_quantity_that_comes_back_to_0_has_it_as_its_bound() -> None:
    """Sun, dark at night; also by a sensor that shows a little then, or with gaps; values well below take the bound."""
    expected = Bounds(lowest=0.0, idle=NEAR * float(DAYLIGHT.std()))
    assert bounds_of(DAYLIGHT) == expected
    noise = np.random.default_rng(3).uniform(0.02, 0.1, len(HOURS))
    dim = bounds_of(DAYLIGHT + noise)
    assert dim is not None
    assert (dim.lowest, dim.highest) == (0.0, None)
    np.testing.assert_allclose(dim.idle, expected.idle, rtol=1e-3)
    assert bounds_of(np.where(HOURS % 7 == 0, NAN, DAYLIGHT)) is not None
    assert bounds_of(np.append(DAYLIGHT, [-2, -2])) is None


def test_a_little_noise_below_0_takes_no_bound() -> None:
    """Of 672 hours six are 1 %; noise is a two-hundredth of the spread. What stands in a row is no glitch."""
    depth = 0.004 * float(DAYLIGHT.std())
    night = np.flatnonzero(DAYLIGHT < 1e-9)

    def noisy(count: int, depth: float) -> Bounds | None:
        values = DAYLIGHT.copy()
        values[night[1 : 1 + count]] = -depth
        return bounds_of(values)

    for count in (1, 6):
        told = noisy(count, depth)
        assert told is not None
        assert told.lowest == 0
        np.testing.assert_allclose(told.idle, NEAR * DAYLIGHT.std(), rtol=1e-3)
    assert noisy(7, depth) is None
    assert noisy(2, 1.5 * depth) is None


def test_single_glitches_below_0_take_no_bound() -> None:
    """Two, or one of a thousand, of a series that rests at 0 or of another; three, or two in a row, are no glitches."""
    wind = np.random.default_rng(3).exponential(5, 1000)
    for series, lowest in ((wind, Bounds(lowest=0.0)), (DAYLIGHT, Bounds(0.0, None, NEAR * float(DAYLIGHT.std())))):
        assert bounds_of(series) == lowest
        for hours in ([100], [100, 400], [671]):
            for depth in (0.01, 5.0):
                told = bounds_of(np.where(np.isin(np.arange(len(series)), hours), -depth, series))
                assert told is not None, (hours, depth)
                assert (told.lowest, told.highest) == (0.0, None)
                assert told.idle == pytest.approx(lowest.idle, rel=0.02)
    assert bounds_of(np.append(wind, [-0.001, -0.001])) is None
    assert bounds_of(np.insert(wind, [100, 200, 300], [-0.001, -2, -3])) is None
    assert bounds_of(np.insert(np.tile(wind, 3), [100, 200, 300], [-0.001, -2, -3])) is not None  # 3 of 3,003
    valve = np.where(HOURS % 5 < 3, (HOURS % 5) / 2, 1.0)
    over = bounds_of(np.where(HOURS == 100, 1.2, valve))
    assert over is not None
    assert over.highest is None, "a peak above may be real"


HOURLY = st.lists(st.integers(0, 671), min_size=1, max_size=2, unique=True)


@settings(max_examples=60, deadline=None)
@given(HOURLY, st.floats(0.001, 1e6), st.integers(2, 40), st.integers(0, 600))
def test_a_glitch_keeps_the_bound_and_a_stay_below_0_takes_it(hours: list[int], depth: float, stay: int, begin: int) -> None:
    """However deep either is; in rain and sun alike a stay is two hours or more by more than the noise of a sensor."""
    glitches = DAYLIGHT.copy()
    glitches[hours] = -depth
    told = bounds_of(glitches)
    apart = len(hours) == 1 or abs(hours[0] - hours[1]) > 1
    if apart:
        assert told is not None
        assert told.lowest == 0
    below = DAYLIGHT.copy()
    below[begin : begin + stay] = -max(depth, 2.0)
    error = bool(error_values(below))  # 3 to 33 times exactly the same, far from all others
    assert error or bounds_of(below) is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000))
def test_what_really_goes_below_0_has_no_bound(seed: int) -> None:
    """Net power with sun on the roof, which is fed in by day, and a temperature about freezing, without a unit."""
    random = np.random.default_rng(seed)
    power = 300 + random.normal(0, 50, len(HOURS)) - 3 * DAYLIGHT * random.uniform(0, 1, 28).repeat(24)
    assert bounds_of(power) is None
    frost = 4 * np.sin(2 * np.pi * HOURS / 24) + np.cumsum(random.normal(0, 0.3, len(HOURS)))
    assert bounds_of(frost - np.quantile(frost, 0.02)) is None


def test_a_quantity_that_is_0_by_chance_has_no_bound() -> None:
    """Where it is rarest at its least value, however rounded, or comes there in one cold night; a temperature never has one."""
    for shown in (WEATHER, np.round(WEATHER), np.round(WEATHER * 2) / 2):
        assert bounds_of(shown - shown.min()) is None
    assert bounds_of(100 - (WEATHER - WEATHER.min())) is None
    assert bounds_of(np.where(HOURS > 660, 0.0, 10 + WEATHER - WEATHER.min())) is None
    assert bounds_of(DAYLIGHT, "°C") is None
    assert bounds_of(DAYLIGHT, "K") is None


def test_shares_and_percentages_have_an_upper_bound() -> None:
    """A valve between 0 and 1, humidity that is often 100 %; the highest value of anything else is none."""
    valve = np.where(HOURS % 5 < 3, (HOURS % 5) / 2, 1.0)
    assert bounds_of(valve) == Bounds(0.0, 1.0, NEAR * float(valve.std()))
    assert bounds_of(np.minimum(100.0, 80 + 3 * WEATHER - WEATHER.min())) == Bounds(highest=100.0)
    assert bounds_of(90 * valve) == Bounds(0.0, None, NEAR * float((90 * valve).std()))


def test_what_stands_still_or_is_short_has_no_bounds() -> None:
    """It says nothing of what may come."""
    assert bounds_of(np.zeros(500)) is None
    assert bounds_of(DAYLIGHT[:15]) is None


def test_rain_that_hardly_ever_falls_rests_at_0() -> None:
    """A few showers in a month; error values of the sensor take no bound."""
    rain = np.where((HOURS > 300) & (HOURS < 320), HOURS % 4, 0.0)
    assert bounds_of(rain) == Bounds(lowest=0.0, idle=NEAR * float(rain.std()))
    table = Table(("rain",), 0, 10, rain[None])
    assert learned(table, 600)["rain"].bounds == Bounds(lowest=0.0, idle=NEAR * float(rain[:600].std()))
    assert learned(table, 200)["rain"].bounds is None


def test_what_readings_cannot_be_no_forecast_is() -> None:
    """`min` and `max` of a rule are the bounds; a sum keeps to 0 alone, and a counter's say nothing of what it adds."""
    table = Table(("sun", "pump", "room"), 0, 10, np.stack([DAYLIGHT, DAYLIGHT, WEATHER]), (GAUGE, Meaning("counter"), GAUGE))
    rules = {"sun": Plausible(0.0, 600.0), "pump": Plausible(0.0, 600.0), "room": Plausible(most=60.0)}
    bounded, added = (with_bounds(table, rules.get, way) for way in ("mean", "sum"))
    told = {name: meaning.bounds for name, meaning in learned(bounded, 600).items()}
    idle = NEAR * float(DAYLIGHT[:600].std())
    assert told == {"sun": Bounds(0.0, 600.0, idle), "pump": Bounds(0.0, None, idle), "room": Bounds(highest=60.0)}
    assert [meaning.bounds for meaning in added.meanings] == [Bounds(lowest=0.0), None, None]
    assert with_bounds(table, lambda _: Plausible(ignored=frozenset([85.0])), "mean") is table
    assert with_bounds(table, lambda _: Plausible(5.0, 5.0), "mean") is table
    wide = learned(with_bounds(table, lambda _: Plausible(-5.0), "mean"), 600)["sun"].bounds
    assert wide == Bounds(lowest=-5.0), "the word of the user counts before what the history shows"
