"""Every figure that says how good a forecaster is: one function per metric, named after it, with formula and source.

Figures of one forecast and its fact (`absolute_error`, `pinball`, `covered`) are computed on the device as well and
stand in `edge/series/metrics.py`. The functions here make means of it. Pure functions.
"""

from typing import cast

import numpy as np

from edge.contract.columns import Bool, Float64, Int64

STILL = 0.001  # training scales; a baseline whose error is no larger has nothing left to win
FLOOR = 0.01  # training scales; what is lost to a baseline is a share of at least this: nobody uses a smaller difference
MOST_LOST = 0.2  # the share that one series can count as behind: one may be lost without a fleet, many may not


def mae(absolute_error: Float64, count: Int64) -> Float64:
    """Mean absolute error: sum of |median - fact| / number of facts, float64 `[...]`; NaN without facts."""
    return _ratio(absolute_error, count)


def rmse(squared_error: Float64, count: Int64) -> Float64:
    """Root mean squared error: √(sum of (median - fact)² / number of facts), float64 `[...]`; NaN without facts."""
    return np.sqrt(_ratio(squared_error, count))


def mse(squared_error: Float64, count: Int64) -> Float64:
    """Mean squared error: sum of (median - fact)² / number of facts, float64 `[...]`; NaN without facts."""
    return _ratio(squared_error, count)


def naive_error(values: Float64, season: int) -> Float64:
    """In-sample error of the seasonal naive: mean of |value - value one season before| (Hyndman and Koehler, 2006).

    Args:
        values: grid of the training part, float64 `[series, intervals]`, NaN for missing.
        season: intervals of a season; 1 for the last value.

    Returns:
        float64 `[series]`; NaN where it is 0 or unknown.
    """
    error = np.full(len(values), np.nan)
    for row, series in enumerate(values):
        change = np.abs(series[season:].astype(np.float64) - series[:-season])
        change = change[np.isfinite(change)]
        if change.any():
            error[row] = change.mean()
    return error


def mase(error: Float64, naive: Float64) -> Float64:
    """Mean absolute scaled error: mean absolute error / `naive_error` (Hyndman and Koehler, 2006), float64 `[...]`."""
    return error / naive


def coverage(covered: Float64 | Int64, count: Int64) -> Float64:
    """Facts between the outermost quantiles / facts that had both of these, float64 `[...]`; NaN without such facts."""
    return _ratio(covered, count)


def interval_width(width: Float64, count: Int64) -> Float64:
    """Mean distance between the outermost quantiles, float64 `[...]`; NaN without facts that had both of these."""
    return _ratio(width, count)


def weighted_quantile_loss(pinball: Float64, absolute_fact: Float64) -> Float64:
    """2 · sum of the pinball loss / sum of |fact| (Salinas et al., DeepAR, 2020), float64 `[...]`; NaN if all facts are 0."""
    return _ratio(2 * pinball, absolute_fact)


def mean_over(values: Float64, axis: int | tuple[int, ...] = 0) -> Float64:
    """Mean of the finite values along these axes, each counting the same, float64 `[...]`; NaN where there is none."""
    known = np.isfinite(values)
    return _ratio(np.where(known, values, 0).sum(axis=axis), np.asarray(known.sum(axis=axis)))


def best_reference(references: Float64) -> tuple[Int64, Bool]:
    """Which reference has the least error on each series, chosen with hindsight.

    Args:
        references: mean absolute errors of at least one reference, float64 `[references, series]`.

    Returns:
        Its number, int64 `[series]`, and whether all references have an error there, bool `[series]`.
    """
    known = cast("Bool", np.isfinite(references).all(axis=0))
    return np.argmin(np.where(known, references, np.inf), axis=0), known


def series_skill(error: Float64, references: Float64, scale: Float64) -> Float64:
    """Skill on one series: 1 - error / error of the series' best reference (Murphy, 1988).

    1 is perfect, above 0 is better than the best reference, below 0 is worse. The references are the baselines; the
    champion is one where a candidate is compared with it. Where the error is above the reference's, the difference is
    divided by at least `FLOOR` of the scale, so that a baseline that is nearly perfect for weeks makes no loss of millions.

    Args:
        error: mean absolute error of every series in its own unit, float64 `[series]`.
        references: the same of each reference, float64 `[references, series]`.
        scale: spread of every series in the training part, float64 `[series]`; NaN where it is unknown.

    Returns:
        float64 `[series]`; NaN where an error is missing, and where the series stands still: the best reference's error
        is at most `STILL` of the scale, and the other one is at most `FLOOR` of the scale or there is no scale.
    """
    best, known = best_reference(references)
    reference = references[best, np.arange(len(best))]
    return np.where(known, (reference - error) / skill_unit(error, reference, scale), np.nan)


def skill_unit(error: Float64, reference: Float64, scale: Float64) -> Float64:
    """What the skill on a series is a share of, float64 `[series]`; NaN where the series is not judged: see `series_skill`.

    Args:
        error: mean absolute error of every series in its own unit, float64 `[series]`.
        reference: the same of the reference.
        scale: spread of every series in the training part, float64 `[series]`; NaN where it is unknown.
    """
    unit = np.where(scale > 0, scale, 0.0)
    floor = np.maximum(reference, FLOOR * unit)
    known = np.isfinite(error) & np.isfinite(reference) & (floor > 0)
    known &= (reference > STILL * unit) | (error > FLOOR * unit)
    # Where nothing is lost the reference's error is above 0: the error would have to be below it.
    divisor = np.where(error > reference, floor, reference)
    return np.where(known & (divisor > 0), divisor, np.nan)


def mean_skill(skills: Float64) -> float:
    """Skill: mean over the series of `series_skill`, each counting as at least -`MOST_LOST`; NaN where none is known.

    Args:
        skills: skill on every series, float64 `[series]`, NaN where not judged.
    """
    return float(mean_over(np.maximum(skills, -MOST_LOST)))


def _ratio(total: Float64 | Int64, count: Float64 | Int64) -> Float64:
    return cast("Float64", np.divide(total, count, out=np.full(np.shape(total), np.nan), where=np.asarray(count) > 0))
