"""Single values far from all others of their window: no forecast is made from them, on the device as in training.

A window tells by itself what is usual. So the rule needs no unit, and it knows shifted and scaled series alike. A value that
stays, a value that comes often, and a window that hardly moves are left alone.
"""

from functools import lru_cache

import numpy as np

from edge.contract.columns import Bool, Float64, Int64
from edge.forecaster.level import is_known

SAMPLED = 96  # values of a window that say what is usual, evenly chosen
LEAST = 16  # of these that have to be there
TAIL = 0.05  # share of them at either end that are not usual, but at least `FEW`
FAR, NEAR = 5.0, 1.0  # times the range of what is usual, beyond its ends
FEW, RARE = 2, 0.01  # most values of a window, and largest share of them, that lie far away; what comes oftener is usual


def outlying(windows: Float64) -> Bool:
    """Which values are outliers: far from what is usual, while the values before and after are near, bool `[n, window]`.

    Args:
        windows: float64 `[n, window]`, newest last, NaN for missing.
    """
    lowest, highest = _usual(windows)
    reach = FAR * (highest - lowest)
    far = (windows < (lowest - reach)[:, None]) | (windows > (highest + reach)[:, None])  # NaN compares false
    for row in np.flatnonzero(far.any(axis=1)):
        places = np.flatnonzero(is_known(windows[row]))
        near = NEAR * (highest[row] - lowest[row])
        values, away = windows[row, places], far[row, places]
        calm = (values >= lowest[row] - near) & (values <= highest[row] + near)
        alone = away & np.append(True, calm[:-1]) & np.append(calm[1:], True)
        far[row] = False
        far[row, places[alone]] = away.sum() <= max(FEW, RARE * len(places))
    return far


def without_outliers(windows: Float64) -> Float64:
    """The windows with NaN for every outlier; the same array where there is none, float64 `[n, window]`."""
    far = outlying(windows)
    return np.where(far, np.nan, windows) if far.any() else windows


def _usual(windows: Float64) -> tuple[Float64, Float64]:
    """Ends of what is usual in each window, both float64 `[n]`; NaN where few values are there or most are the same."""
    some = windows[:, _sampled(windows.shape[1])]
    there = is_known(some)
    ordered = np.sort(np.where(there, some, np.nan), axis=1)  # NaN comes last
    count = there.sum(axis=1)
    rows, end = np.arange(len(windows)), np.maximum(FEW, TAIL * count).astype(np.int64)
    end[count < LEAST] = 0
    lowest, highest = ordered[rows, end], ordered[rows, count - 1 - end]
    says = (count >= LEAST) & (highest > lowest)
    return np.where(says, lowest, np.nan), np.where(says, highest, np.nan)


@lru_cache
def _sampled(length: int) -> Int64:
    return np.linspace(0, length - 1, min(length, SAMPLED)).astype(np.int64)
