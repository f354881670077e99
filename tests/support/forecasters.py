"""The checks that every forecaster passes, whatever it is made of; a check is one function and one line in `CHECKS`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float64, Int32
from edge.forecaster.forecaster import Forecaster

LARGEST = 4e16  # just below what counts as missing
SMALLEST = 1e-38  # the least that float32 holds in full


@dataclass(frozen=True, slots=True)
class Subject:
    """A forecaster under test.

    Args:
        forecaster: forecaster that the checks try.
        tolerance: largest difference between two answers to one window, as a share of the spread of the window; 0 for a
            forecaster that computes each window by itself.
        series: number of series it was made for.
        most: number of windows in a large batch; fewer for a forecaster that takes long.
        moved: whether it looks at movements only, so that forecasts shift and scale with the windows.
    """

    forecaster: Forecaster
    tolerance: float = 0.0
    series: int = 3
    most: int = 65
    moved: bool = True

    def predict(self, windows: Float64, series: Int32 | None = None) -> Float64:
        """The forecasts of the windows, by default of a series that is unknown."""
        return self.forecaster.predict(windows, np.zeros(len(windows), np.int32) if series is None else series)

    def promised(self, forecasts: Float64) -> Float64:
        """The quantiles that the forecaster gives, `[n, horizon, quantiles or 1]`."""
        return forecasts if self.forecaster.intervals else forecasts[:, :, [self.forecaster.contract.median]]

    def usual(self, count: int | None = None) -> tuple[Float64, Int32]:
        """Windows of noisy sines with gaps, the last value there, and their series, of which some are unknown."""
        count, window = self.most if count is None else count, self.forecaster.contract.window
        random = np.random.default_rng(7)
        windows = 20 + np.sin(np.arange(window) / 4 + random.uniform(0, 6, (count, 1)))
        windows += random.normal(0, 0.1, windows.shape)
        windows[:, :-1][random.random((count, window - 1)) < 0.1] = np.nan
        return windows, (np.arange(count) % (self.series + 1)).astype(np.int32)

    def full(self, values: Float64 | float) -> Float64:
        """Two windows of these values."""
        return np.full((2, self.forecaster.contract.window), values)


def every_window_gets_a_forecast_of_the_contracts_shape(subject: Subject) -> None:
    """No window, one, and more than the largest batch of an interpreter."""
    contract = subject.forecaster.contract
    for count in (0, 1, subject.most):
        forecasts = subject.predict(*subject.usual(count))
        assert forecasts.shape == (count, contract.horizon, len(contract.quantiles))
        assert forecasts.dtype == np.float64


def usual_windows_get_finite_forecasts(subject: Subject) -> None:
    """All promised quantiles are numbers, with gaps in the windows."""
    assert np.isfinite(subject.promised(subject.predict(*subject.usual()))).all()


def quantiles_ascend(subject: Subject) -> None:
    """None lies below the one before."""
    assert (np.diff(subject.promised(subject.predict(*subject.usual())), axis=2) >= 0).all()


def what_is_not_promised_is_missing(subject: Subject) -> None:
    """A forecaster without intervals gives NaN, and no number that could be taken for a quantile."""
    forecasts, contract = subject.predict(*subject.usual()), subject.forecaster.contract
    others = np.delete(forecasts, contract.median, axis=2)
    assert others.shape[2] > 0
    assert np.isnan(others).all() != subject.forecaster.intervals


def a_window_without_a_value_gets_no_forecast(subject: Subject) -> None:
    """The other windows of the batch keep theirs."""
    windows, series = subject.usual(3)
    windows[1] = np.nan
    forecasts = subject.promised(subject.predict(windows, series))
    assert np.isnan(forecasts[1]).all()
    assert np.isfinite(forecasts[[0, 2]]).all()


def one_value_is_enough(subject: Subject) -> None:
    """A window with its oldest or its newest value only gets a forecast."""
    windows = subject.full(np.nan)
    windows[0, 0] = windows[1, -1] = 21.5
    assert np.isfinite(subject.promised(subject.predict(windows))).all()


def a_constant_window_gets_finite_forecasts_in_order(subject: Subject) -> None:
    """It has no spread that something could be divided by."""
    for value in (0.0, 21.5, -1e6, 1e9, 1e12, 1e-9):
        forecasts = subject.promised(subject.predict(subject.full(value)))
        assert np.isfinite(forecasts).all()
        assert (np.diff(forecasts, axis=2) >= 0).all()


def the_largest_values_get_finite_forecasts(subject: Subject) -> None:
    """Squares of them leave float32."""
    signs = np.where(np.arange(subject.forecaster.contract.window) % 2, 1, -1)
    for values in (LARGEST, -LARGEST, LARGEST * signs):
        assert np.isfinite(subject.promised(subject.predict(subject.full(values)))).all()


def the_smallest_values_get_finite_forecasts(subject: Subject) -> None:
    """Squares of them are 0 in float32."""
    ramp = np.arange(subject.forecaster.contract.window, dtype=np.float64) * np.float64(SMALLEST)
    assert np.isfinite(subject.promised(subject.predict(subject.full(ramp)))).all()


def an_infinite_value_counts_as_missing(subject: Subject) -> None:
    """In both directions."""
    windows, series = subject.usual(4)
    windows[:, 3] = np.nan
    expected = subject.predict(windows, series)
    windows[:2, 3], windows[2:, 3] = np.inf, -np.inf
    np.testing.assert_array_equal(subject.predict(windows, series), expected)


def a_series_that_is_not_listed_counts_as_unknown(subject: Subject) -> None:
    """An index out of range is never read beyond, or from the end of, a table."""
    windows = subject.usual(1)[0].repeat(4, axis=0)
    forecasts = subject.predict(windows, np.array([0, subject.series + 1, -1, 2_000_000_000], np.int32))
    np.testing.assert_array_equal(forecasts, forecasts[:1].repeat(4, axis=0))


def a_shifted_window_gets_the_shifted_forecasts(subject: Subject) -> None:
    """A level of a billion times the movement changes nothing, upwards and downwards."""
    windows, series = subject.usual(9)
    windows = np.round(windows * 2**20) / 2**20  # so that a shift loses nothing
    forecasts = subject.promised(subject.predict(windows, series))
    for shift in (1e9, -1e9, 1e6) if subject.moved else ():
        shifted = subject.promised(subject.predict(windows + shift, series))
        np.testing.assert_allclose(shifted - shift, forecasts, rtol=0, atol=max(subject.tolerance, 1e-6))


def a_scaled_window_gets_the_scaled_forecasts(subject: Subject) -> None:
    """The unit of an unknown series does not count: nanometres and watt seconds are forecast alike."""
    windows = subject.usual(9)[0]
    forecasts = subject.promised(subject.predict(windows))
    for factor in (1e-9, 1e12) if subject.moved else ():
        scaled = subject.promised(subject.predict(windows * factor))
        np.testing.assert_allclose(scaled / factor, forecasts, rtol=0, atol=max(subject.tolerance, 1e-4))


def a_single_value_far_away_moves_no_forecast(subject: Subject) -> None:
    """As the newest value or an earlier one, it is as if it were missing."""
    windows, series = subject.usual(6)
    place = np.array([-1, -1, -1, -2, -9, -12])
    rows, glitches = np.arange(len(windows)), (85.0, -127.0, 4294967.295, 65535.0, 85.0, 1e12)
    windows[rows, place] = np.nan
    expected = subject.predict(windows, series)
    windows[rows, place] = glitches
    np.testing.assert_array_equal(subject.predict(windows, series), expected)


def the_same_windows_get_the_same_forecasts(subject: Subject) -> None:
    """Nothing is remembered from one call to the next."""
    windows, series = subject.usual(min(9, subject.most - 1))
    first = subject.predict(windows, series)
    subject.predict(*subject.usual())
    np.testing.assert_array_equal(subject.predict(windows, series), first)


def a_forecast_does_not_depend_on_the_batch(subject: Subject) -> None:
    """Each window alone, in parts and all at once, but for what a precision rounds."""
    windows, series = subject.usual()
    whole = subject.promised(subject.predict(windows, series)).astype(np.float64)
    spread = np.nanstd(windows.astype(np.float64), axis=1)[:, None, None]
    for size in (1, 8, 57):
        starts = range(0, len(windows), size)
        parts = [subject.predict(windows[start : start + size], series[start : start + size]) for start in starts]
        assert (np.abs(subject.promised(np.concatenate(parts)) - whole) <= subject.tolerance * spread).all()


def the_windows_stay_as_they_are(subject: Subject) -> None:
    """The caller's arrays are read only."""
    windows, series = subject.usual(3)
    windows[0, 0] = np.inf
    before = windows.copy(), series.copy()
    subject.predict(windows, series)
    np.testing.assert_array_equal(windows, before[0])
    np.testing.assert_array_equal(series, before[1])


def it_passes_its_self_test(subject: Subject) -> None:
    """What came with it is repeated; a forecaster that nothing came with says so."""
    error = subject.forecaster.self_test()
    assert error is None or error <= subject.tolerance


CHECKS: tuple[Callable[[Subject], None], ...] = (
    every_window_gets_a_forecast_of_the_contracts_shape,
    usual_windows_get_finite_forecasts,
    quantiles_ascend,
    what_is_not_promised_is_missing,
    a_window_without_a_value_gets_no_forecast,
    one_value_is_enough,
    a_constant_window_gets_finite_forecasts_in_order,
    the_largest_values_get_finite_forecasts,
    the_smallest_values_get_finite_forecasts,
    an_infinite_value_counts_as_missing,
    a_series_that_is_not_listed_counts_as_unknown,
    a_shifted_window_gets_the_shifted_forecasts,
    a_scaled_window_gets_the_scaled_forecasts,
    a_single_value_far_away_moves_no_forecast,
    the_same_windows_get_the_same_forecasts,
    a_forecast_does_not_depend_on_the_batch,
    the_windows_stay_as_they_are,
    it_passes_its_self_test,
)


def name_of(check: Callable[[Subject], None]) -> str:
    """The check in the name of a test."""
    return check.__name__
