"""No quantile leaves the bounds of its series, and none is cut once the series has left them."""

from dataclasses import replace

import numpy as np
import pytest

from edge.contract.columns import Float64
from edge.contract.meaning import Bounds, Meaning
from edge.errors import ConfigurationError
from edge.forecaster.bounds import Edges, bounded, limits_of
from edge.forecaster.learned import Learned
from tests.edge.test_series_engine import ANY, Counter, count, engine

NONE = np.nan
MEANINGS = {
    "rain": Meaning(bounds=Bounds(lowest=0.0, idle=0.2)),
    "humidity": Meaning(bounds=Bounds(highest=100.0)),
    "valve": Meaning(bounds=Bounds(0.0, 1.0)),
    "room": Meaning(),
}
NAMES = ("rain", "humidity", "valve", "room", "never heard of")
LIFTED = [[[-3, 0.2, 0.21], [NONE, 1, 1]]]  # forecasts of the valve without its lower bound
FORECASTS = np.array([[[-3.0, 0.2, 0.21], [NONE, 101.0, 102.0]]])


def of(name: str, window: list[float]) -> Float64:
    """The forecasts of a series, float64 `[1, 2, 3]`, after this window."""
    return bounded(FORECASTS, np.array([window]), limits_of(MEANINGS, [name]))


def test_no_quantile_lies_beyond_a_bound() -> None:
    """Below the lowest value, above the highest one, or both; what is missing stays so."""
    np.testing.assert_array_equal(of("humidity", [50, 100]), [[[-3, 0.2, 0.21], [NONE, 100, 100]]])
    np.testing.assert_array_equal(of("valve", [0, 1]), [[[0, 0.2, 0.21], [NONE, 1, 1]]])


def test_noise_below_the_value_at_which_a_series_rests_keeps_the_bound() -> None:
    """A tenth of the idle distance of 0.2 is 0.02; a series that does not rest has no such noise."""
    np.testing.assert_array_equal(of("rain", [-0.02, -0.02]), [[[0, 0, 0.21], [NONE, 101, 102]]])
    np.testing.assert_array_equal(of("rain", [-0.03, -0.03]), FORECASTS)
    np.testing.assert_array_equal(of("valve", [-0.001, -0.001]), LIFTED)


def test_single_values_below_a_bound_may_be_glitches() -> None:
    """Two in a window, however deep, or one of a thousand; not the newest one, and not two in a row, as a gap is no value."""
    kept = [[[0, 0.2, 0.21], [NONE, 1, 1]]]
    three: list[float] = [-5.0, 1.0] * 3
    for window in ([-5.0, 0.5], [-5.0, 0, -0.1, 1], [0, -5, NONE, 1], [1.0] * 2994 + three):
        np.testing.assert_array_equal(of("valve", window), kept, f"{window[-7:]}")
    for window in ([0.5, -5.0], [0.5, -5.0, NONE], [-5.0, -5, 1], [-5.0, NONE, -5, 1], three, [1.0] * 2993 + three):
        np.testing.assert_array_equal(of("valve", window), LIFTED, f"{window[-7:]}")


def test_a_forecast_near_the_value_at_which_a_series_rests_is_that_value() -> None:
    """The median of rain on a dry day is 0, not a tenth of a drop; what is farther off stays."""
    np.testing.assert_array_equal(of("rain", [0, 5]), [[[0, 0, 0.21], [NONE, 101, 102]]])


def test_a_series_that_has_left_a_bound_is_not_cut_there() -> None:
    """One value above is enough, the newest one below; the other bound stays, and a gap is beyond nothing."""
    np.testing.assert_array_equal(of("valve", [NONE, 0.5, -0.1]), LIFTED)
    np.testing.assert_array_equal(of("valve", [NONE, NONE]), [[[0, 0.2, 0.21], [NONE, 1, 1]]])
    np.testing.assert_array_equal(of("rain", [5, -1]), FORECASTS)
    np.testing.assert_array_equal(of("humidity", [101, 99]), FORECASTS)


def test_without_bounds_nothing_is_copied() -> None:
    """Most series have none."""
    assert of("room", [0, 1]) is FORECASTS
    np.testing.assert_array_equal(limits_of(MEANINGS, NAMES[3:]), [[-np.inf, np.inf, 0]] * 2)


def test_a_device_knows_the_bounds_of_series_as_they_come() -> None:
    """Each forecast keeps to those of its series, whatever their order, also where names are new."""
    edges, values = Edges(MEANINGS), np.repeat(FORECASTS, 2, axis=0)
    first = edges.within(FORECASTS, np.zeros((1, 2)), np.array([0], np.int32), NAMES[:1])
    np.testing.assert_array_equal(first[0, 0], [0, 0, 0.21])
    both = edges.within(values, np.zeros((2, 2)), np.array([4, 2], np.int32), NAMES)
    np.testing.assert_array_equal(both, [FORECASTS[0], [[0, 0.2, 0.21], [NONE, 1, 1]]])


def test_the_agent_keeps_to_the_bounds_that_its_bundle_has_learned() -> None:
    """By the model and by the baseline alike; a reading beyond a bound lifts it for as long as the window holds it."""
    learned = Learned({"a": Meaning(bounds=Bounds(highest=8.0)), "x": Meaning(bounds=Bounds(lowest=0.0, idle=7.0))})
    live = engine(Counter(ANY), learned=learned)
    assert live.step(count(range(8))).forecasts[-1].values[-1].tolist() == [[6.9, 7, 7.1], [7.9, 8, 8], [8, 8, 8]]
    assert live.step(count(range(8, 11))).forecasts[-1].values[-1, 2].tolist() == [11.9, 12.0, 12.1]
    simple = engine(Counter(), ("a",), learned=replace(learned, baselines={"x": "last_value"}))
    assert simple.step(count(range(8), series=0)).forecasts[-1].values[-1, :, 1].tolist() == [0, 0, 0]


def test_bounds_that_no_value_lies_between_are_refused() -> None:
    """So is a bundle that has some."""
    for low, high, idle in ((1.0, 1.0, 0.0), (0.0, 1.0, 1.0), (0.0, None, -1.0), (np.inf, None, 0.0), (None, NONE, 0.0)):
        with pytest.raises(ConfigurationError, match="expected finite bounds, the lowest first"):
            Bounds(low, high, idle)
