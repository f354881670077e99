"""Single values far from all others of their window: no forecast is made from them, on the device as in training.

A window tells by itself what is usual. So the rule needs no unit, and it knows shifted and scaled series alike. A value that
stays and a value that comes often are left alone. A window that hardly moves tells nothing: there the history of the series
tells what is usual, and where nobody learned that, each value is believed.
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
    lowest, highest, enough = _usual(windows)
    moves = enough & (highest > lowest)
    return _alone(windows, np.where(moves, lowest, np.nan), np.where(moves, highest, np.nan))


def unlike_history(windows: Float64, usual: Float64) -> Bool:
    """Which values are outliers by the history of their series, in windows that hardly move, bool `[n, window]`.

    Args:
        windows: float64 `[n, window]`, newest last, NaN for missing.
        usual: smallest and largest usual value in the history of each series, float64 `[n, 2]`, NaN where nobody learned it.
    """
    strange = _far(windows, usual[:, 0], usual[:, 1])
    rows = np.flatnonzero(strange.any(axis=1))
    if len(rows):
        lowest, highest, enough = _usual(windows[rows])
        still = enough & (lowest == highest) & (usual[rows, 0] < usual[rows, 1])
        ends = (np.where(still, usual[rows, end], np.nan) for end in (0, 1))
        strange[rows] = _alone(windows[rows], *ends)
    return strange


def like_history(windows: Float64, usual: Float64) -> Float64:
    """The windows with NaN for every value that is unlike their history; the same array where there is none."""
    strange = unlike_history(windows, usual)
    return np.where(strange, np.nan, windows) if strange.any() else windows


def _far(windows: Float64, lowest: Float64, highest: Float64) -> Bool:
    reach = FAR * (highest - lowest)
    far: Bool = (windows < (lowest - reach)[:, None]) | (windows > (highest + reach)[:, None])  # NaN compares false
    return far


def _alone(windows: Float64, lowest: Float64, highest: Float64) -> Bool:
    """Which values are far from what is usual, few, and between values that are near, bool `[n, window]`."""
    far = _far(windows, lowest, highest)
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


def _usual(windows: Float64) -> tuple[Float64, Float64, Bool]:
    """Ends of what is usual in each window, both float64 `[n]`, and whether there are enough values to tell."""
    some = windows[:, _sampled(windows.shape[1])]
    there = is_known(some)
    ordered = np.sort(np.where(there, some, np.nan), axis=1)  # NaN comes last
    count = there.sum(axis=1)
    rows, end = np.arange(len(windows)), np.maximum(FEW, TAIL * count).astype(np.int64)
    end[count < LEAST] = 0
    return ordered[rows, end], ordered[rows, count - 1 - end], count >= LEAST


@lru_cache
def _sampled(length: int) -> Int64:
    return np.linspace(0, length - 1, min(length, SAMPLED)).astype(np.int64)
