"""Forecasts within the bounds of their series, on the device as where a bundle is judged."""

from collections.abc import Mapping, Sequence

import numpy as np

from edge.contract.columns import Bool, Float64, Int32
from edge.contract.meaning import GAUGE, Bounds, Meaning
from edge.forecaster.level import is_known

NO_BOUNDS = Bounds()
NOISE = 0.1  # of the idle distance: a value so little below the lowest one is noise of a sensor at rest
GLITCHES, RARE = 2, 0.001  # most values below the lowest one, and largest share of them, that may be errors of a sensor


def are_glitches(beyond: Bool) -> bool:
    """Whether values beyond a bound look like errors of a sensor: two, or one of a thousand, and never two in a row.

    A quantity that really goes there stays for a while, or comes again and again.

    Args:
        beyond: flag of each value that lies beyond the bound, in order of time without the missing ones, bool `[n]`.
    """
    few = int(beyond.sum()) <= max(GLITCHES, RARE * len(beyond))
    return few and not (beyond[1:] & beyond[:-1]).any()


def limits_of(meanings: Mapping[str, Meaning], names: Sequence[str]) -> Float64:
    """Lowest value, highest value and idle distance of each series, float64 `[n, 3]`; infinite and 0 where there is no bound.

    Args:
        meanings: meanings of series by their names.
        names: names of the series.
    """
    bounds = [meanings.get(name, GAUGE).bounds or NO_BOUNDS for name in names]
    rows = [
        (
            -np.inf if each.lowest is None else each.lowest,
            np.inf if each.highest is None else each.highest,
            each.idle,
        )
        for each in bounds
    ]
    return np.asarray(rows, np.float64).reshape(-1, 3)


def bounded(forecasts: Float64, windows: Float64, limits: Float64) -> Float64:
    """The forecasts, no quantile beyond a bound, and those that are idle at the lowest value; the same array without bounds.

    A bound that a value of the window lies beyond does not count: the series has left it, and facts are never cut. There are
    two exceptions below the lowest value. Where a series rests there, a tenth of the idle distance is noise. And single values
    may be glitches, see `are_glitches`, but never the newest one: after it the series may be on its way.

    Args:
        forecasts: float64 `[n, horizon, quantiles]`, NaN where there is none.
        windows: intervals before each forecast, float64 `[n, window]`, NaN for missing.
        limits: lowest value, highest value and idle distance of the series of each, float64 `[n, 3]`.
    """
    rows = np.flatnonzero(np.isfinite(limits[:, :2]).any(axis=1))
    if not len(rows):
        return forecasts
    lowest, highest, idle = limits[rows].T
    before = windows[rows]
    lowest = np.where(_left(before, lowest - NOISE * idle), -np.inf, lowest)[:, None, None]
    highest = np.where((before > highest[:, None]).any(axis=1), np.inf, highest)[:, None, None]
    some = forecasts[rows]
    some = np.where(some <= lowest + idle[:, None, None], lowest, some)  # NaN compares false
    result = forecasts.copy()
    result[rows] = np.where(some > highest, highest, some)
    return result


def _left(windows: Float64, lowest: Float64) -> Bool:
    """Which windows have values below the lowest one that are no glitches, bool `[n]`.

    Args:
        windows: float64 `[n, window]`, newest last, NaN for missing.
        lowest: lowest value of each that is not beyond, float64 `[n]`.
    """
    beyond = (windows < lowest[:, None]) & is_known(windows)
    left = np.asarray(beyond.any(axis=1))
    for row in np.flatnonzero(left):
        known = beyond[row, is_known(windows[row])]
        left[row] = known[-1] or not are_glitches(known)
    return left


class Edges:
    """Bounds that a bundle has learned, of the series of a device in the order in which these come.

    Args:
        meanings: meanings of series by their names.
    """

    def __init__(self, meanings: Mapping[str, Meaning]) -> None:
        self._meanings, self._limits = meanings, np.zeros((0, 3))

    def within(self, forecasts: Float64, windows: Float64, series: Int32, names: Sequence[str]) -> Float64:
        """The forecasts within the bounds of their series, as `bounded`.

        Args:
            forecasts: float64 `[n, horizon, quantiles]`.
            windows: intervals before each forecast, float64 `[n, window]`.
            series: index of each series, int32 `[n]`.
            names: names of all series, of which there are never fewer than before.
        """
        new = limits_of(self._meanings, names[len(self._limits) :])
        if len(new):
            self._limits = np.concatenate([self._limits, new])
        return bounded(forecasts, windows, self._limits[series])
