"""What every model has to beat, pinned by counting series."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.coarse import Coarse
from edge.contract.contract import Contract
from edge.contract.times import DAY, SECOND
from edge.forecaster.baselines import Baseline, baseline, baselines, seasonal_naive

HOUR = 3600 * SECOND
NONE = np.zeros(1, np.int32)


def counting(window: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """A window whose values count its intervals from 0."""
    return np.arange(window, dtype=np.float64)[None]


def median(one: Baseline, windows: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> list[float]:
    """Median forecast of the first window."""
    return [float(value) for value in one.predict(windows, NONE)[0, :, one.contract.median]]


def test_seasonal_naive_says_what_stood_there_a_season_ago() -> None:
    """With 48 hours counted from 0 the next 26 are 24…47 and again from 24."""
    contract = Contract(HOUR, 48, 26)
    assert median(Baseline("day", contract, 24), counting(48)) == [*range(24, 48), 24, 25]


def test_mean_of_seasons_averages_the_same_phase() -> None:
    """Three days counted in hours: the mean of h, h + 24 and h + 48 is h + 24."""
    contract = Contract(HOUR, 72, 24)
    assert median(Baseline("three", contract, 24, 3), counting(72)) == list(range(24, 48))


def test_last_value_is_the_newest_that_is_there() -> None:
    """Missing newest intervals are skipped."""
    windows = counting(5)
    windows[0, 3:] = np.nan
    assert median(Baseline("last_value", Contract(HOUR, 5, 2)), windows) == [2, 2]


def test_gap_a_season_ago_is_filled_with_the_last_value() -> None:
    """Only the phase with the gap falls back, and a mean leaves the gap out."""
    windows = counting(6)
    windows[0, 3] = np.nan
    contract = Contract(DAY // 3, 6, 3)
    assert median(Baseline("day", contract, 3), windows) == [5, 4, 5]
    assert median(Baseline("two", contract, 3, 2), windows) == [0, 2.5, 3.5]


def test_window_without_a_value_gives_nan_and_no_window_gives_nothing() -> None:
    """Absence is NaN, never a number."""
    one = Baseline("day", Contract(DAY // 3, 6, 3), 3)
    assert np.isnan(one.predict(np.full((2, 6), np.nan), np.zeros(2, np.int32))).all()
    assert one.predict(np.zeros((0, 6)), np.zeros(0, np.int32)).shape == (0, 3, 3)


def test_baseline_says_only_the_median() -> None:
    """The other quantiles are NaN, because it does not know them."""
    forecasts = seasonal_naive(Contract(HOUR, 48, 5)).predict(counting(48), NONE)
    assert forecasts.dtype == np.float64
    assert np.isnan(forecasts[:, :, [0, 2]]).all()
    assert np.isfinite(forecasts[:, :, 1]).all()


@pytest.mark.parametrize(
    ("interval", "window", "names"),
    [
        (HOUR, 23, ["last_value"]),
        (HOUR, 24, ["last_value", "seasonal_naive_day"]),
        (HOUR, 72, ["last_value", "seasonal_naive_day", "mean_of_3_days"]),
        (HOUR, 168, ["last_value", "seasonal_naive_day", "seasonal_naive_week", "mean_of_3_days", "mean_of_7_days"]),
        (DAY, 28, ["last_value", "seasonal_naive_week"]),
    ],
)
def test_window_decides_which_baselines_there_are(interval: int, window: int, names: list[str]) -> None:
    """A baseline needs all its seasons inside the window, and is found by its name."""
    contract = Contract(interval, window, 3)
    assert [one.name for one in baselines(contract)] == names
    assert [baseline(name, contract) for name in names] == list(baselines(contract))
    assert baseline("mean_of_9_days", contract) is None


def test_a_day_before_is_drawn_between_the_spans_that_hold_it() -> None:
    """Hours of a day in spans of three, and three days in spans of six; what lies farther back has no baseline."""
    contract = Contract(HOUR, 6, 8, coarse=(Coarse(6, 12), Coarse(3, 8)))
    assert [each.name for each in baselines(contract)] == ["last_value", "seasonal_naive_day", "mean_of_3_days"]
    middles = [6 * np.arange(-12, 0) + 2.5, 3 * np.arange(-8, 0) + 1.0, np.arange(-6.0, 0)]  # of each column, from the origin
    windows = np.concatenate(middles)[None]
    assert median(Baseline("day", contract, 24), windows) == [-23, -23, *np.arange(-22.0, -16)]  # not beyond the oldest middle
    assert median(Baseline("two", contract, 24, 2), windows)[2:4] == [-34, -33]
    windows[0, 13] = np.nan
    assert median(Baseline("day", contract, 24), windows)[:6] == [-23, -23, -23, -23, -23, -17]


def test_scores_are_compared_with_yesterday_or_with_the_last_value() -> None:
    """Where a day does not fit into the window the last value stands in."""
    assert seasonal_naive(Contract(HOUR, 24, 3)).name == "seasonal_naive_day"
    assert seasonal_naive(Contract(HOUR, 23, 3)).name == "last_value"


@given(st.lists(st.one_of(st.none(), st.integers(-99, 99)), min_size=6, max_size=6), st.integers(1, 9))
def test_forecast_is_finite_wherever_the_window_holds_a_value(cells: list[int | None], horizon: int) -> None:
    """Any pattern of gaps gives a number for every lead, and one that occurred or lies between such."""
    windows = np.array([[np.nan if cell is None else cell for cell in cells]], np.float64)
    known = [cell for cell in cells if cell is not None]
    contract = Contract(DAY // 3, 6, horizon)
    for one in (Baseline("last_value", contract), Baseline("day", contract, 3), Baseline("two", contract, 3, 2)):
        values = median(one, windows)
        assert all(min(known) <= value <= max(known) for value in values) if known else np.isnan(values).all()
