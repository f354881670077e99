"""How far facts lie from their forecasts, in half-widths of the interval that was forecast. No I/O.

A forecast without an interval, such as that of a baseline, has one all the same: 1.6 times its mean error of late, which is the
half-width of 80 % where errors are normal. No interval counts as narrower than a tenth of that.
"""

import numpy as np

from edge.contract.columns import Bool, Float32, Float64, Int32, Int64, extend, shrink

HALF_WIDTH = 1.6  # mean absolute errors: 1.28 standard deviations, of which a mean absolute error is 0.8
NARROWEST = 0.1  # of that, half-width of an interval at least
KNOWN = 5  # errors from which on their mean counts
LATE = 200  # errors that the mean is taken over; older ones fade
GLITCH = 10  # means: a larger error counts as one so large, once there are enough
ENOUGH = 20
FARTHEST = 1e6  # half-widths
EARLY = 1000  # means, likewise while there are only a few of them: a glitch at the start must not hide all others for months


class Distances:
    """Mean errors of each series at each lead.

    Args:
        leads: number of leads.
    """

    def __init__(self, leads: int) -> None:
        self.mean: Float32 = np.zeros((0, leads), np.float32)
        self.count = np.zeros((0, leads), np.uint8)

    def grow(self, series: int) -> None:
        """Make room for so many series."""
        extend(self.mean, series, 0)
        extend(self.count, series, 0)

    def keep(self, series: Int32) -> None:
        """Keep some series alone; each gets its place among these as its index."""
        shrink(self.mean, series)
        shrink(self.count, series)

    def step(self, series: Int32, lead: Int64, error: Float64, half: Float64) -> Float64:
        """Distances of some facts, and learn from their errors.

        Args:
            series: index of each, int32 `[n]`; with its lead none occurs twice.
            lead: index of its lead, int64 `[n]`.
            error: absolute error of the median, float64 `[n]`.
            half: half of the distance of the outermost quantiles, float64 `[n]`; NaN without an interval.

        Returns:
            In half-widths, float64 `[n]`; NaN where neither an interval nor the mean error is known.
        """
        mean, count = self.mean[series, lead].astype(np.float64), self.count[series, lead].astype(np.int64)
        usual = np.where(count >= KNOWN, HALF_WIDTH * mean, np.nan)
        width = np.fmax(np.where(np.isfinite(half), half, usual), NARROWEST * usual)
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = np.where((error == 0) & np.isfinite(width), 0.0, np.minimum(error / width, FARTHEST))
        self._learn(series, lead, error, (mean, count))
        return distance

    def _learn(self, series: Int32, lead: Int64, error: Float64, before: tuple[Float64, Int64]) -> None:
        mean, count = before
        glitch: Bool = (count >= KNOWN) & (mean > 0)
        error = np.where(glitch, np.minimum(error, np.where(count >= ENOUGH, GLITCH, EARLY) * mean), error)
        self.mean[series, lead] = mean + (error - mean) / np.minimum(count + 1, LATE)
        self.count[series, lead] = np.minimum(count + 1, LATE)
